/* clock_gettime() is POSIX, not C11. */
#define _POSIX_C_SOURCE 200809L

#include "scenarios.h"

#include "pair.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LANGUAGE_BLOCKS = 32 };

/* What a sink is given to make its tensors. */
struct destination {
    const remit_layout* layout;
    struct tensors tensors;
    int calls;
    int refuse;
};

static int into_tensors(void* context, uint64_t tokens, void** tensors, size_t count) {
    struct destination* to = context;
    ++to->calls;
    if (to->refuse != 0) return to->refuse;
    if (!tensors_make(&to->tensors, to->layout, tokens)) return -1;
    for (size_t s = 0; s < count; ++s) tensors[s] = tensors_at(&to->tensors, s);
    return 0;
}

static void some_aux(int32_t aux[REMIT_AUX_ITEMS]) {
    for (int i = 0; i < REMIT_AUX_ITEMS; ++i) aux[i] = i * 1000 - 7;
    aux[0] = 0;
}

static const char* check_aux(const remit_reception* reception, uint64_t tokens) {
    int32_t expected[REMIT_AUX_ITEMS], got[REMIT_AUX_ITEMS];
    some_aux(expected);
    expected[0] = (int32_t)tokens;
    if (remit_reception_aux(reception, got) != REMIT_OK) return failed("aux");
    return memcmp(expected, got, sizeof got) == 0 ? "" : wrong("aux is another than was sent");
}

static const char* expect_success(const remit_send* send, const remit_reception* reception) {
    remit_status status = -1;
    if (remit_reception_wait(reception, patience(), &status) != REMIT_OK) return failed("wait");
    char reason[512];
    if (status != REMIT_STATUS_SUCCESS) {
        (void)remit_reception_reason(reception, reason, sizeof reason, NULL);
        return wrong(reason);
    }
    if (remit_send_wait(send, patience(), &status) != REMIT_OK) return failed("wait");
    if (status != REMIT_STATUS_SUCCESS) {
        (void)remit_send_reason(send, reason, sizeof reason, NULL);
        return wrong(reason);
    }
    return "";
}

/* Fills blocks row by row, as an encoder that writes into the pool. */
static const char* fill_blocks(struct pair* pair, const uint32_t* blocks, uint64_t room, uint64_t tokens) {
    for (size_t s = 0; s < pair->segments; ++s) {
        remit_segment segment = REMIT_SEGMENT_INIT;
        if (remit_layout_segment(pair->layout, s, &segment) != REMIT_OK) return failed("segment");
        if (segment.once_per_request) continue;
        for (uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (uint64_t token = 0; token < tokens; ++token) {
                void* row = NULL;
                if (remit_embedding_worker_row(pair->embedding, s, blocks[token / 64], plane, token % 64, &row) != REMIT_OK) {
                    return failed("row");
                }
                content_fill(room, s, plane, token, row, segment.token_bytes);
            }
        }
    }
    return "";
}

static const char* check_blocks(struct pair* pair, const uint32_t* blocks, uint64_t room, uint64_t tokens) {
    for (size_t s = 0; s < pair->segments; ++s) {
        remit_segment segment = REMIT_SEGMENT_INIT;
        if (remit_layout_segment(pair->layout, s, &segment) != REMIT_OK) return failed("segment");
        if (segment.once_per_request) continue;
        for (uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (uint64_t token = 0; token < tokens; ++token) {
                const void* row = NULL;
                if (remit_language_worker_row(pair->language, s, blocks[token / 64], plane, token % 64, &row) != REMIT_OK) {
                    return failed("row");
                }
                if (!content_matches(room, s, plane, token, row, segment.token_bytes)) return wrong("a kept row is wrong");
            }
        }
    }
    return "";
}

/* Both workers hold host memory, which no NIC needs a way to. */
static const char* check_data_paths(const struct pair* pair) {
    remit_data_path paths[2] = {REMIT_DATA_PATH_INIT, REMIT_DATA_PATH_INIT};
    if (remit_embedding_worker_data_path(pair->embedding, &paths[0]) != REMIT_OK ||
        remit_language_worker_data_path(pair->language, &paths[1]) != REMIT_OK) {
        return failed("data path");
    }
    for (int i = 0; i < 2; ++i) {
        if (strcmp(paths[i].memory, "host") != 0 || strcmp(paths[i].gpu_direct, "none") != 0 || strcmp(paths[i].gather, "cpu") != 0) {
            return wrong("the data path is another than host, none, cpu");
        }
    }
    return "";
}

/* Times grow, rounds are contiguous from token 0 to the last, and the end is Success. */
static const char* check_history(const remit_reception* reception, uint64_t tokens, uint32_t rounds) {
    remit_history* history = NULL;
    size_t count = 0;
    uint64_t arrived = 0;
    uint32_t complete = 0;
    const char* fault = "";
    if (remit_reception_history(reception, &history) != REMIT_OK || remit_history_events(history, &count) != REMIT_OK) {
        fault = failed("history");
    }
    int64_t latest = 0;
    remit_room_event event = REMIT_ROOM_EVENT_INIT;
    for (size_t i = 0; *fault == '\0' && i < count; ++i) {
        if (remit_history_event(history, i, &event) != REMIT_OK) fault = failed("event");
        if (event.time_ns < latest) fault = wrong("a history whose time goes back");
        latest = event.time_ns;
        if (strcmp(event.what, "round complete") != 0) continue;
        if (event.round != complete || event.first_token != arrived) fault = wrong("a round that does not follow on the one before");
        arrived = event.first_token + event.tokens;
        ++complete;
    }
    if (*fault == '\0' && (complete != rounds || arrived != tokens)) fault = wrong("a history without some of the rounds");
    if (*fault == '\0' && (strcmp(event.what, "final") != 0 || event.status != REMIT_STATUS_SUCCESS)) fault = wrong("no Success at its end");
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || latest > (int64_t)now.tv_sec * 1000000000 + now.tv_nsec || latest == 0) {
        fault = wrong("a time of another clock");
    }
    remit_history_destroy(history);
    return fault;
}

/* 1500 tokens from blocks into a sink, with a guess of 512: resumed out of sight. */
static const char* blocks_into_sink(void) {
    enum { TOKENS = 1500, ROOM = 7 };
    struct pair pair;
    struct destination to = {0};
    remit_reception* reception = NULL;
    remit_send* send = NULL;
    uint32_t blocks[64];
    size_t count = 0;
    const char* fault = pair_open(&pair, LANGUAGE_BLOCKS);
    if (*fault != '\0') return fault;
    to.layout = pair.layout;

    remit_receive_options options = REMIT_RECEIVE_OPTIONS_INIT;
    options.expected_tokens = 512;
    options.sink = into_tensors;
    options.context = &to;
    int32_t aux[REMIT_AUX_ITEMS];
    some_aux(aux);
    if (remit_language_worker_receive(pair.language, ROOM, pair.endpoint, &options, &reception) != REMIT_OK) {
        fault = failed("receive");
    } else if (remit_embedding_worker_allocate(pair.embedding, TOKENS, blocks, 64, &count) != REMIT_OK || count != 24) {
        fault = failed("allocate");
    } else if (fault = fill_blocks(&pair, blocks, ROOM, TOKENS), *fault != '\0') {
    } else if (remit_embedding_worker_send_blocks(pair.embedding, ROOM, blocks, count, TOKENS, aux, NULL, &send) != REMIT_OK) {
        fault = failed("send");
    } else if (fault = expect_success(send, reception), *fault == '\0') {
        uint32_t rounds = 0;
        uint64_t total = 0;
        remit_answer answer = -1;
        remit_progress progress = REMIT_PROGRESS_INIT;
        if (remit_reception_rounds(reception, &rounds) != REMIT_OK || rounds < 2) fault = wrong("nothing was resumed");
        if (remit_reception_total_tokens(reception, &total) != REMIT_OK || total != TOKENS) fault = wrong("another total");
        /* The tokens may come before any word of them. */
        if (remit_reception_answer(reception, &answer) != REMIT_OK || answer < REMIT_ANSWER_NONE || answer > REMIT_ANSWER_COMING) {
            fault = wrong("answer");
        }
        if (remit_send_progress(send, &progress) != REMIT_OK || progress.rounds != rounds || progress.bytes == 0) {
            fault = wrong("progress");
        }
        if (to.calls != 1) fault = wrong("the sink was not called once");
        if (*fault == '\0') fault = tensors_check(&to.tensors, pair.layout, ROOM);
        if (*fault == '\0') fault = check_aux(reception, TOKENS);
        if (*fault == '\0') fault = check_history(reception, TOKENS, rounds);
        if (*fault == '\0') fault = check_data_paths(&pair);
    }
    if (count > 0 && remit_embedding_worker_free(pair.embedding, blocks, count) != REMIT_OK) fault = failed("free");
    remit_send_destroy(send);
    remit_reception_destroy(reception);
    const char* end = pair_close(&pair);
    tensors_free(&to.tensors);
    return *fault != '\0' ? fault : end;
}

/* 700 tokens from tensors into blocks that are kept. */
static const char* tensors_into_kept_blocks(void) {
    enum { TOKENS = 700, ROOM = 8 };
    struct pair pair;
    struct tensors from = {0};
    const void* addresses[MOST_SEGMENTS];
    remit_reception* reception = NULL;
    remit_send* send = NULL;
    uint32_t table[64];
    size_t count = 0;
    const char* fault = pair_open(&pair, LANGUAGE_BLOCKS);
    if (*fault != '\0') return fault;
    if (!tensors_make(&from, pair.layout, TOKENS)) return wrong("no memory");
    tensors_fill(&from, pair.layout, ROOM, 0, TOKENS);
    for (size_t s = 0; s < pair.segments; ++s) addresses[s] = tensors_at(&from, s);
    int32_t aux[REMIT_AUX_ITEMS];
    some_aux(aux);

    if (remit_language_worker_receive(pair.language, ROOM, pair.endpoint, NULL, &reception) != REMIT_OK) {
        fault = failed("receive");
    } else if (remit_embedding_worker_send_tensors(pair.embedding, ROOM, addresses, pair.segments, TOKENS, aux, NULL, &send) !=
               REMIT_OK) {
        fault = failed("send");
    } else if (fault = expect_success(send, reception), *fault == '\0') {
        if (remit_reception_table(reception, NULL, 0, &count) != REMIT_TOO_SMALL || count != 11) fault = wrong("size of the table");
        if (remit_reception_table(reception, table, 64, &count) != REMIT_OK || count != 11) fault = failed("table");
        if (*fault == '\0') fault = check_blocks(&pair, table, ROOM, TOKENS);
        if (*fault == '\0') fault = check_aux(reception, TOKENS);
        if (*fault == '\0') fault = tensors_check(&from, pair.layout, ROOM); /* only read */
        if (remit_reception_release(reception) != REMIT_OK) fault = failed("release");
        if (remit_reception_table(reception, table, 64, &count) != REMIT_MISUSE) fault = wrong("a table after release");
    }
    remit_send_destroy(send);
    remit_reception_destroy(reception);
    const char* end = pair_close(&pair);
    tensors_free(&from);
    return *fault != '\0' ? fault : end;
}

/* The source grows while it is sent; both ends are waited for by their descriptors. */
static const char* growing_source_with_descriptors(void) {
    enum { TOKENS = 900, ROOM = 9, STEP = 100 };
    struct pair pair;
    struct tensors from = {0};
    struct destination to = {0};
    const void* addresses[MOST_SEGMENTS];
    remit_reception* reception = NULL;
    remit_send* send = NULL;
    const char* fault = pair_open(&pair, LANGUAGE_BLOCKS);
    if (*fault != '\0') return fault;
    to.layout = pair.layout;
    if (!tensors_make(&from, pair.layout, TOKENS)) return wrong("no memory");
    for (size_t s = 0; s < pair.segments; ++s) addresses[s] = tensors_at(&from, s);

    remit_receive_options receiving = REMIT_RECEIVE_OPTIONS_INIT;
    receiving.expected_tokens = REMIT_AUTO_TOKENS;
    receiving.sink = into_tensors;
    receiving.context = &to;
    remit_send_options sending = REMIT_SEND_OPTIONS_INIT;
    sending.partly_ready = 1;
    sending.priority = 3;
    struct pollfd ends[2] = {{0, POLLIN, 0}, {0, POLLIN, 0}};
    if (remit_language_worker_receive(pair.language, ROOM, pair.endpoint, &receiving, &reception) != REMIT_OK ||
        remit_embedding_worker_send_tensors(pair.embedding, ROOM, addresses, pair.segments, TOKENS, NULL, &sending, &send) !=
            REMIT_OK ||
        remit_send_descriptor(send, &ends[0].fd) != REMIT_OK || remit_reception_descriptor(reception, &ends[1].fd) != REMIT_OK) {
        fault = failed("begin");
    }
    for (uint64_t ready = STEP; *fault == '\0' && ready <= TOKENS; ready += STEP) {
        tensors_fill(&from, pair.layout, ROOM, ready - STEP, ready);
        if (remit_send_ready(send, ready) != REMIT_OK) fault = failed("ready");
    }
    for (int i = 0; *fault == '\0' && i < 2; ++i) {
        if (poll(&ends[i], 1, (int)patience()) != 1) fault = wrong("a descriptor did not become readable");
    }
    remit_status status = -1;
    if (*fault == '\0' && (remit_reception_poll(reception, &status) != REMIT_OK || status != REMIT_STATUS_SUCCESS)) {
        fault = wrong("readable, but no Success");
    }
    if (*fault == '\0' && (remit_send_poll(send, &status) != REMIT_OK || status != REMIT_STATUS_SUCCESS)) {
        fault = wrong("readable, but no Success of the send");
    }
    if (*fault == '\0') fault = tensors_check(&to.tensors, pair.layout, ROOM);
    remit_send_destroy(send);
    remit_reception_destroy(reception);
    const char* end = pair_close(&pair);
    tensors_free(&from);
    tensors_free(&to.tensors);
    return *fault != '\0' ? fault : end;
}

const struct scenario scenarios[] = {
    {"blocks_into_sink", blocks_into_sink},
    {"tensors_into_kept_blocks", tensors_into_kept_blocks},
    {"growing_source_with_descriptors", growing_source_with_descriptors},
    {NULL, NULL},
};
