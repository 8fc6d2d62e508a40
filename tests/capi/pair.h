/* Both workers in this process on the loopback fabric, and content of which every byte is known. All in C. */
#ifndef REMIT_TEST_PAIR_H
#define REMIT_TEST_PAIR_H

#include <remit/remit.h>

#include <stddef.h>
#include <stdint.h>

enum { MOST_SEGMENTS = 8 };

struct pair {
    remit_layout* layout;
    remit_embedding_worker* embedding;
    remit_language_worker* language;
    char endpoint[128];
    size_t segments;
    uint32_t language_blocks;
};

/* "" or what went wrong, with remit's own sentence. */
const char* pair_open(struct pair* pair, uint32_t language_blocks);
/* "" where every block of both pools is free again, which may take a moment. */
const char* pair_close(struct pair* pair);

/* One contiguous tensor a segment between guard bytes. */
struct tensors {
    uint64_t tokens;
    unsigned char* area[MOST_SEGMENTS];
    uint64_t bytes[MOST_SEGMENTS];
};

int tensors_make(struct tensors* tensors, const remit_layout* layout, uint64_t tokens);
void tensors_free(struct tensors* tensors);
/* Address of the tensor of a segment; null for aux. */
void* tensors_at(const struct tensors* tensors, size_t segment);

/* Fills one row with what belongs there. */
void content_fill(uint64_t room, size_t segment, uint32_t plane, uint64_t token, unsigned char* row, uint64_t bytes);
int content_matches(uint64_t room, size_t segment, uint32_t plane, uint64_t token, const unsigned char* row, uint64_t bytes);

/* Tokens [first, end). */
void tensors_fill(struct tensors* tensors, const remit_layout* layout, uint64_t room, uint64_t first, uint64_t end);
/* "" where every byte is as filled and the guards are whole. */
const char* tensors_check(const struct tensors* tensors, const remit_layout* layout, uint64_t room);

/* A deadline in ms for this machine: REMIT_TIME_SCALE stretches it. */
int64_t patience(void);

/* Keeps one sentence for the caller and returns it. */
const char* wrong(const char* what);
/* The same with remit_last_error() behind it. */
const char* failed(const char* what);

#endif
