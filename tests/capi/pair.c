/* nanosleep() is POSIX, not C11. */
#define _POSIX_C_SOURCE 200809L

#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GUARD = 4096, BLOCK_SIZE = 64, EMBEDDING_BLOCKS = 64 };

static char sentence[1400];

const char* wrong(const char* what) {
    snprintf(sentence, sizeof sentence, "%s", what);
    return sentence;
}

const char* failed(const char* what) {
    snprintf(sentence, sizeof sentence, "%s: %s", what, remit_last_error());
    return sentence;
}

int64_t patience(void) {
    const char* scale = getenv("REMIT_TIME_SCALE");
    const double factor = scale == NULL ? 1.0 : strtod(scale, NULL);
    return (int64_t)(20000 * (factor > 0 ? factor : 1.0));
}

static const char* pair_configure(struct pair* pair, uint32_t language_blocks) {
    static int networks = 0;
    char network[32];
    snprintf(network, sizeof network, "c %d", ++networks);
    remit_config* config = NULL;
    if (remit_config_create(&config) != REMIT_OK) return failed("config");
    const char* result = "";
    if (remit_config_set(config, "fabric.kind", "loopback") != REMIT_OK ||
        remit_config_set(config, "fabric.loopback_network", network) != REMIT_OK ||
        remit_embedding_worker_create(config, pair->layout, EMBEDDING_BLOCKS, &pair->embedding) != REMIT_OK ||
        remit_language_worker_create(config, pair->layout, language_blocks, &pair->language) != REMIT_OK) {
        result = failed("workers");
    }
    remit_config_destroy(config);
    return result;
}

const char* pair_open(struct pair* pair, uint32_t language_blocks) {
    memset(pair, 0, sizeof *pair);
    pair->language_blocks = language_blocks;
    remit_shape shape = REMIT_SHAPE_INIT;
    shape.block_size = BLOCK_SIZE;
    shape.hidden = 96;
    shape.deepstack = 2;
    if (remit_layout_multimodal(&shape, &pair->layout) != REMIT_OK) return failed("layout");
    if (remit_layout_segments(pair->layout, &pair->segments) != REMIT_OK) return failed("segments");
    if (pair->segments != 5) return wrong("a layout with deepstack has five segments");
    const char* configured = pair_configure(pair, language_blocks);
    if (*configured != '\0') return configured;
    size_t length = 0;
    if (remit_embedding_worker_endpoint(pair->embedding, pair->endpoint, sizeof pair->endpoint, &length) != REMIT_OK) {
        return failed("endpoint");
    }
    return length == strlen(pair->endpoint) ? "" : wrong("the endpoint's length is another than that of its text");
}

/* Blocks go back on the worker's thread, so they are asked for until the deadline. */
static int all_free(struct pair* pair) {
    const struct timespec between_looks = {0, 200000};
    const time_t end = time(NULL) + (time_t)(patience() / 1000) + 1;
    while (time(NULL) < end) {
        uint32_t source = 0, destination = 0;
        if (remit_embedding_worker_free_blocks(pair->embedding, &source) != REMIT_OK ||
            remit_language_worker_free_blocks(pair->language, &destination) != REMIT_OK) {
            return 0;
        }
        if (source == EMBEDDING_BLOCKS && destination == pair->language_blocks) return 1;
        nanosleep(&between_looks, NULL);
    }
    return 0;
}

const char* pair_close(struct pair* pair) {
    const int whole = pair->embedding != NULL && pair->language != NULL && all_free(pair);
    remit_language_worker_destroy(pair->language);
    remit_embedding_worker_destroy(pair->embedding);
    remit_layout_destroy(pair->layout);
    memset(pair, 0, sizeof *pair);
    return whole ? "" : wrong("blocks are missing from a pool at the end");
}

static unsigned char guard_byte(uint64_t index) { return (unsigned char)((index * 197 + 91) & 0xff); }

static remit_segment segment_of(const remit_layout* layout, size_t index) {
    remit_segment segment = REMIT_SEGMENT_INIT;
    if (remit_layout_segment(layout, index, &segment) != REMIT_OK) abort();
    return segment;
}

int tensors_make(struct tensors* tensors, const remit_layout* layout, uint64_t tokens) {
    memset(tensors, 0, sizeof *tensors);
    tensors->tokens = tokens;
    size_t count = 0;
    if (remit_layout_segments(layout, &count) != REMIT_OK || count > MOST_SEGMENTS) return 0;
    for (size_t s = 0; s < count; ++s) {
        const remit_segment segment = segment_of(layout, s);
        if (segment.once_per_request) continue;
        tensors->bytes[s] = segment.token_bytes * segment.planes * tokens;
        tensors->area[s] = malloc(tensors->bytes[s] + 2 * GUARD);
        if (tensors->area[s] == NULL) return 0;
        memset(tensors->area[s], 0xa5, tensors->bytes[s] + 2 * GUARD);
        for (uint64_t i = 0; i < GUARD; ++i) {
            tensors->area[s][i] = tensors->area[s][GUARD + tensors->bytes[s] + i] = guard_byte(i);
        }
    }
    return 1;
}

void tensors_free(struct tensors* tensors) {
    for (size_t s = 0; s < MOST_SEGMENTS; ++s) free(tensors->area[s]);
    memset(tensors, 0, sizeof *tensors);
}

void* tensors_at(const struct tensors* tensors, size_t segment) {
    return tensors->area[segment] == NULL ? NULL : tensors->area[segment] + GUARD;
}

static unsigned char content_byte(uint64_t key, uint64_t index) {
    uint64_t value = key + (index + 1) * 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return (unsigned char)(value ^ (value >> 31));
}

static uint64_t content_key(uint64_t room, size_t segment, uint32_t plane, uint64_t token) {
    return ((room * 8 + segment) * 4 + plane) * 0x100000001b3U + token * 0xd6e8feb86659fd93U;
}

void content_fill(uint64_t room, size_t segment, uint32_t plane, uint64_t token, unsigned char* row, uint64_t bytes) {
    const uint64_t key = content_key(room, segment, plane, token);
    for (uint64_t i = 0; i < bytes; ++i) row[i] = content_byte(key, i);
}

int content_matches(uint64_t room, size_t segment, uint32_t plane, uint64_t token, const unsigned char* row, uint64_t bytes) {
    const uint64_t key = content_key(room, segment, plane, token);
    for (uint64_t i = 0; i < bytes; ++i) {
        if (row[i] != content_byte(key, i)) return 0;
    }
    return 1;
}

static unsigned char* row_of(const struct tensors* tensors, size_t s, const remit_segment* segment, uint32_t plane,
                             uint64_t token) {
    return (unsigned char*)tensors_at(tensors, s) + (plane * tensors->tokens + token) * segment->token_bytes;
}

void tensors_fill(struct tensors* tensors, const remit_layout* layout, uint64_t room, uint64_t first, uint64_t end) {
    for (size_t s = 0; s < MOST_SEGMENTS; ++s) {
        if (tensors->area[s] == NULL) continue;
        const remit_segment segment = segment_of(layout, s);
        for (uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (uint64_t token = first; token < end; ++token) {
                content_fill(room, s, plane, token, row_of(tensors, s, &segment, plane, token), segment.token_bytes);
            }
        }
    }
}

const char* tensors_check(const struct tensors* tensors, const remit_layout* layout, uint64_t room) {
    for (size_t s = 0; s < MOST_SEGMENTS; ++s) {
        if (tensors->area[s] == NULL) continue;
        const remit_segment segment = segment_of(layout, s);
        for (uint64_t i = 0; i < GUARD; ++i) {
            const unsigned char* behind = tensors->area[s] + GUARD + tensors->bytes[s];
            if (tensors->area[s][i] != guard_byte(i) || behind[i] != guard_byte(i)) return wrong("a stray write beside a tensor");
        }
        for (uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (uint64_t token = 0; token < tensors->tokens; ++token) {
                if (!content_matches(room, s, plane, token, row_of(tensors, s, &segment, plane, token), segment.token_bytes)) {
                    snprintf(sentence, sizeof sentence, "room %llu: segment %zu is wrong in plane %u, token %llu",
                             (unsigned long long)room, s, plane, (unsigned long long)token);
                    return sentence;
                }
            }
        }
    }
    return "";
}
