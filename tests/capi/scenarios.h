/* What a C program does with remit, one function a story; each returns "" or what went wrong. */
#ifndef REMIT_TEST_SCENARIOS_H
#define REMIT_TEST_SCENARIOS_H

#ifdef __cplusplus
extern "C" {
#endif

struct scenario {
    const char* name;
    const char* (*run)(void);
};

/* Ends with a null name. */
extern const struct scenario scenarios[];

#ifdef __cplusplus
}
#endif

#endif
