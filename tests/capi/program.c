/* Runs every scenario; exit status 1 where one fails. */
#include "scenarios.h"

#include <stdio.h>

int main(void) {
    int failures = 0;
    for (const struct scenario* s = scenarios; s->name != NULL; ++s) {
        const char* fault = s->run();
        printf("%s %s%s%s\n", *fault == '\0' ? "ok    " : "FAILED", s->name, *fault == '\0' ? "" : ": ", fault);
        if (*fault != '\0') ++failures;
    }
    return failures == 0 ? 0 : 1;
}
