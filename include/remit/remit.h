/* remit for C and for whatever calls C. The same workers as <remit/remit.hpp>, behind opaque handles.
 *
 * Errors. A function that can fail returns a remit_code; what it yields goes through its last pointers, which are left
 * as they are where it fails. remit_last_error() then has the sentence: value, limit, remedy. What happens to a transfer
 * afterwards is a status, not an error. No C++ exception leaves a function of this header.
 *
 * ABI. Handles are opaque; codes are ints; a struct begins with its size, which its _INIT macro sets, and grows at its end
 * alone; options of workers are set by name. So a program that was compiled with an older header goes on working.
 *
 * Ownership. Each _create, _send, _receive, _adopt, _history yields a handle that its _destroy gives back. Null may be destroyed.
 * Handles of sends, receptions and histories may outlive their worker. Strings that are passed in are copied.
 *
 * Threads. Workers, sends, receptions and adopted memory may be used by any threads at once, until one destroys them; layouts
 * and histories are constant; a configuration belongs to one thread at a time.
 */
#ifndef REMIT_REMIT_H
#define REMIT_REMIT_H

#include <remit/export.hpp> /* preprocessor alone, for C too */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ codes and names */

typedef int remit_code;
enum {
    REMIT_OK = 0,
    REMIT_BAD_ARGUMENT = 1, /* a value outside its permitted range, or a null pointer */
    REMIT_MISUSE = 2,       /* a call that the current state does not permit */
    REMIT_ENVIRONMENT = 3,  /* the machine lacks something: device, port, memlock, permission */
    REMIT_EXHAUSTED = 4,    /* a configured limit or a pool is used up */
    REMIT_REFUSED = 5,      /* the peer refused: other layout, version or limits */
    REMIT_INTERNAL = 6,     /* a broken invariant inside remit */
    REMIT_NO_MEMORY = 7,    /* the process has no memory left */
    REMIT_TOO_SMALL = 8     /* a caller's buffer; how much it takes was told */
};

/* State of a request. A MIN over ranks makes Failed win. */
typedef int remit_status;
enum {
    REMIT_STATUS_FAILED = 0,
    REMIT_STATUS_BOOTSTRAPPING = 1,
    REMIT_STATUS_WAITING_FOR_INPUT = 2,
    REMIT_STATUS_TRANSFERRING = 3,
    REMIT_STATUS_SUCCESS = 4
};

/* What the embedding worker last said of a room: whether waiting, or asking again, helps. */
typedef int remit_answer;
enum {
    REMIT_ANSWER_NONE = 0,      /* nothing yet */
    REMIT_ANSWER_NOT_READY = 1, /* it has the request; its send has not come */
    REMIT_ANSWER_COMING = 2,    /* request and send have met */
    REMIT_ANSWER_NEVER = 3,     /* it will not come, however often it is asked for */
    REMIT_ANSWER_UNKNOWN = 4,   /* asking again may help */
    REMIT_ANSWER_FAILED = 5     /* the transfer itself failed: asking again may help */
};

typedef int remit_dtype;
enum { REMIT_BF16 = 0, REMIT_FP16 = 1, REMIT_FP32 = 2, REMIT_FP8 = 3, REMIT_INT32 = 4 };

typedef int remit_segment_kind;
enum {
    REMIT_EMBEDDINGS = 0,
    REMIT_FILL_IDS = 1,
    REMIT_MROPE_POSITIONS = 2,
    REMIT_AUX_DATAS = 3,
    REMIT_DEEPSTACK_EMBEDDINGS = 4
};

/* int32 values of a request's aux: [0] its length in tokens, [1] mrope delta, the rest is the caller's. */
#define REMIT_AUX_ITEMS 16
#define REMIT_MAX_ROOM (UINT64_MAX >> 1)

/* "0.1.0", of the library that runs. */
REMIT_API const char* remit_version(void);
/* Why the latest call of this thread that failed did so; "" before any has. Until the next that fails. */
REMIT_API const char* remit_last_error(void);
/* "bad_argument", "Transferring", "not_ready"; "?" for a number that is none. */
REMIT_API const char* remit_code_name(remit_code code);
REMIT_API const char* remit_status_name(remit_status status);
REMIT_API const char* remit_answer_name(remit_answer answer);

/* Text goes into `buffer` of `capacity` bytes, its end marked by a 0; `length`, which may be null, gets the bytes without it.
 * REMIT_TOO_SMALL where they do not fit, also with capacity 0 and buffer null, which asks for the length. */

/* Makes DIR/remit.key and DIR/remit.pub, and the folder where it is missing; never replaces a key. `public_key` gets the
 * 40 characters of remit.pub; with capacity 0 they are only in the file. */
REMIT_API remit_code remit_generate_keys(const char* folder, char* public_key, size_t capacity);

/* ------------------------------------------------------------------------------------------------ layout */

typedef struct remit_layout remit_layout;

typedef struct remit_shape {
    size_t size;
    uint32_t block_size; /* tokens a block, 1 to 65536 */
    uint32_t hidden;     /* elements of one embedding, 1 to 1048576 */
    remit_dtype dtype;   /* of the embeddings, not int32 */
    uint32_t deepstack;  /* layers, 0 to 64; 0 leaves the segment out */
    uint32_t slab;       /* 1: all segments of a block side by side; 0: one array a segment */
    uint32_t reserved;   /* 0 */
} remit_shape;
#define REMIT_SHAPE_INIT {sizeof(remit_shape), 128, 4096, REMIT_BF16, 0, 0, 0}

typedef struct remit_segment {
    size_t size;
    remit_segment_kind kind;
    remit_dtype dtype;
    uint32_t planes;           /* 3 for mrope_positions, else 1 */
    uint32_t once_per_request; /* 1 for aux_datas: no tensor */
    uint64_t token_bytes;      /* of one row of one plane */
} remit_segment;
#define REMIT_SEGMENT_INIT {sizeof(remit_segment), 0, 0, 0, 0, 0}

/* Embeddings, fill_ids, mrope_positions, aux_datas and, with deepstack, deepstack_embeddings: all the segments there are. */
REMIT_API remit_code remit_layout_multimodal(const remit_shape* shape, remit_layout** layout);
REMIT_API void remit_layout_destroy(remit_layout* layout);
REMIT_API remit_code remit_layout_segments(const remit_layout* layout, size_t* count);
REMIT_API remit_code remit_layout_segment(const remit_layout* layout, size_t index, remit_segment* segment);
REMIT_API remit_code remit_layout_blocks_for(const remit_layout* layout, uint64_t tokens, uint64_t* blocks);
/* Payload of so many tokens: every segment's rows and one aux. */
REMIT_API remit_code remit_layout_payload_bytes(const remit_layout* layout, uint64_t tokens, uint64_t* bytes);
/* Memory that so many blocks take, alignment included. */
REMIT_API remit_code remit_layout_pool_bytes(const remit_layout* layout, uint32_t blocks, uint64_t* bytes);

/* ------------------------------------------------------------------------------------------------ options of workers */

typedef struct remit_config remit_config;

/* Options of both workers by name: "control.listen", "fabric.kind", "timing.room_deadline", "memory.kind", ...; docs/configuration.md
 * has all of them. Values are text: "4", "true", "30s", "4MiB", "loopback", lists with commas. A name that is not known, a value
 * that is none or out of range: REMIT_BAD_ARGUMENT, with what is permitted. */
REMIT_API remit_code remit_config_create(remit_config** config);
REMIT_API void remit_config_destroy(remit_config* config);
/* Wins over what files and the environment say, whichever is read first. */
REMIT_API remit_code remit_config_set(remit_config* config, const char* name, const char* value);
/* A TOML file; of several a later one wins. */
REMIT_API remit_code remit_config_read_file(remit_config* config, const char* path);
/* Variables as REMIT_FABRIC_QUEUE_PAIRS=4. They win over files. */
REMIT_API remit_code remit_config_read_environment(remit_config* config);
/* What an option is now, as remit_config_set() takes it. */
REMIT_API remit_code remit_config_get(const remit_config* config, const char* name, char* buffer, size_t capacity, size_t* length);
/* Name number `index`, a constant; null past the last: for programs that list them. */
REMIT_API const char* remit_config_name(size_t index);
/* Memory of a GPU that a framework owns, for the blocks of one worker to lie in; it must stay until the worker is gone. Null and
 * 0: the worker allocates. */
REMIT_API remit_code remit_config_set_pool(remit_config* config, void* memory, size_t bytes);

/* What a worker's own thread has done since its start. */
typedef struct remit_counters {
    size_t size;
    uint64_t turns;         /* times it looked at everything there is to look at */
    uint64_t sleeps;        /* times it waited in the kernel */
    uint64_t work_requests; /* handed to the device: an embedding worker's */
    uint64_t doorbells;     /* chains that they went in */
    uint64_t signaled;      /* of them, those that asked for a completion */
} remit_counters;
#define REMIT_COUNTERS_INIT {sizeof(remit_counters), 0, 0, 0, 0, 0}

/* How a worker holds its bytes, in words for people and reports; each ends with a 0. Constant while the worker lives. */
typedef struct remit_data_path {
    size_t size;
    char memory[32];     /* "host", "pinned:0", "cuda:0" */
    char gpu_direct[32]; /* how the NIC reaches the pool: "dmabuf-pcie", "dmabuf", "peermem", "staged"; "none": host memory */
    char gather[32];     /* what copies: "kernel", "engines" (a GPU's, staged), "cpu"; "none": nothing is copied that can be sent where it lies */
} remit_data_path;
#define REMIT_DATA_PATH_INIT {sizeof(remit_data_path), "", "", ""}

/* ------------------------------------------------------------------------------------------------ embedding worker */

typedef struct remit_embedding_worker remit_embedding_worker;
typedef struct remit_send remit_send;
typedef struct remit_adopted remit_adopted;

typedef struct remit_send_options {
    size_t size;
    int32_t priority;        /* -8 to 8; each step up doubles the request's share of the wire */
    uint32_t partly_ready;   /* 1: only ready_tokens are there, remit_send_ready() tells the rest; 0: all are */
    uint64_t ready_tokens;
    uint32_t behind_stream;  /* 1: `stream` fills the source */
    uint32_t reserved;       /* 0 */
    void* stream;            /* a cudaStream_t; null with behind_stream: the legacy stream */
} remit_send_options;
#define REMIT_SEND_OPTIONS_INIT {sizeof(remit_send_options), 0, 0, 0, 0, 0, NULL}

typedef struct remit_progress {
    size_t size;
    uint32_t rounds;       /* written so far */
    uint32_t failed_ranks; /* after the end: language workers that did not get all of it */
    uint64_t writes;       /* RDMA writes */
    uint64_t bytes;        /* of payload written */
    uint64_t gathered;     /* bytes copied into send regions for it */
} remit_progress;
#define REMIT_PROGRESS_INIT {sizeof(remit_progress), 0, 0, 0, 0, 0}

/* `config` null: all defaults; it may be changed or destroyed afterwards. `blocks`: of the pool that
 * remit_embedding_worker_allocate() gives from. */
REMIT_API remit_code remit_embedding_worker_create(const remit_config* config, const remit_layout* layout,
                                                   uint32_t blocks, remit_embedding_worker** worker);
/* Stops at once, and waits for the worker's thread. */
REMIT_API void remit_embedding_worker_destroy(remit_embedding_worker* worker);
/* Where language workers connect to: "tcp://10.0.0.5:7700". */
REMIT_API remit_code remit_embedding_worker_endpoint(const remit_embedding_worker* worker, char* buffer, size_t capacity,
                                                     size_t* length);
REMIT_API remit_code remit_embedding_worker_device(const remit_embedding_worker* worker, char* buffer, size_t capacity,
                                                   size_t* length);
REMIT_API remit_code remit_embedding_worker_data_path(const remit_embedding_worker* worker, remit_data_path* path);
REMIT_API remit_code remit_embedding_worker_counters(const remit_embedding_worker* worker, remit_counters* counters);
/* Begins nothing new, gives what is under way `drain_ms`, then fails what is left and tells how many that were (may be null). */
REMIT_API remit_code remit_embedding_worker_stop(remit_embedding_worker* worker, int64_t drain_ms, size_t* failed);

REMIT_API remit_code remit_embedding_worker_free_blocks(remit_embedding_worker* worker, uint32_t* blocks);
/* Blocks for so many tokens into `blocks`. REMIT_TOO_SMALL, with nothing allocated and the number in `count`, where
 * `capacity` is less; REMIT_EXHAUSTED where the pool has not so many. */
REMIT_API remit_code remit_embedding_worker_allocate(remit_embedding_worker* worker, uint64_t tokens, uint32_t* blocks,
                                                     size_t capacity, size_t* count);
/* Not while a send still reads them. */
REMIT_API remit_code remit_embedding_worker_free(remit_embedding_worker* worker, const uint32_t* blocks, size_t count);
/* Address of one token's row; rows of a plane lie side by side. */
REMIT_API remit_code remit_embedding_worker_row(remit_embedding_worker* worker, size_t segment, uint32_t block, uint32_t plane,
                                                uint64_t token, void** row);

/* Sends `tokens` tokens to whoever asks for `room`, from blocks of the pool; returns at once. `aux` null: zeros; aux[0] is 0 or
 * `tokens`. The source must stay as it is until the send has ended. */
REMIT_API remit_code remit_embedding_worker_send_blocks(remit_embedding_worker* worker, uint64_t room, const uint32_t* blocks,
                                                        size_t count, uint64_t tokens, const int32_t* aux,
                                                        const remit_send_options* options, remit_send** send);
/* The same from contiguous tensors, one a segment of the layout, token after token, mrope_positions as [3, tokens]; the
 * entry of aux_datas is ignored. */
REMIT_API remit_code remit_embedding_worker_send_tensors(remit_embedding_worker* worker, uint64_t room,
                                                         const void* const* tensors, size_t count, uint64_t tokens,
                                                         const int32_t* aux, const remit_send_options* options,
                                                         remit_send** send);
/* `room` never comes: whoever asks for it is told `reason`. */
REMIT_API remit_code remit_embedding_worker_reject(remit_embedding_worker* worker, uint64_t room, const char* reason);
/* Registers memory of the GPU that a framework owns: tensors in it are sent where they lie. It must stay until the handle and the
 * last send that reads it are gone. */
REMIT_API remit_code remit_embedding_worker_adopt(remit_embedding_worker* worker, const void* memory, size_t bytes,
                                                  remit_adopted** adopted);
/* How the NIC reaches it: "dmabuf-pcie", "dmabuf", "peermem", or "none". */
REMIT_API remit_code remit_adopted_way(const remit_adopted* adopted, char* buffer, size_t capacity, size_t* length);
REMIT_API void remit_adopted_destroy(remit_adopted* adopted);

/* Destroying the handle does not cancel the send. */
REMIT_API void remit_send_destroy(remit_send* send);
REMIT_API remit_code remit_send_poll(const remit_send* send, remit_status* status);
/* Blocks until the end, but for `timeout_ms` at most; the status then. */
REMIT_API remit_code remit_send_wait(const remit_send* send, int64_t timeout_ms, remit_status* status);
/* Why it failed; "" otherwise. */
REMIT_API remit_code remit_send_reason(const remit_send* send, char* buffer, size_t capacity, size_t* length);
/* An eventfd, readable from the end on; the handle's own: poll it, do not close it. */
REMIT_API remit_code remit_send_descriptor(const remit_send* send, int* descriptor);
/* Tokens [0, tokens) are there now, in every segment. */
REMIT_API remit_code remit_send_ready(const remit_send* send, uint64_t tokens);
/* They are there once `stream` has come past what was put into it before this call. */
REMIT_API remit_code remit_send_ready_behind(const remit_send* send, uint64_t tokens, void* stream);
/* Asks for the end; the source is the caller's again when the status is final. */
REMIT_API remit_code remit_send_abort(const remit_send* send);
REMIT_API remit_code remit_send_progress(const remit_send* send, remit_progress* progress);

/* ------------------------------------------------------------------------------------------------ language worker */

typedef struct remit_language_worker remit_language_worker;
typedef struct remit_reception remit_reception;

/* Called once, on the worker's thread, when the length of the request is known: puts into `tensors`, `count` entries that are
 * null, where each segment of the layout goes, as remit_embedding_worker_send_tensors() describes them. It must not block nor
 * call the worker's stop or destroy. The memory is remit's until the reception has ended. Anything but 0 fails the room. */
typedef int (*remit_sink)(void* context, uint64_t tokens, void** tensors, size_t count);

#define REMIT_AUTO_TOKENS UINT64_MAX /* the worker guesses from its latest requests */

typedef struct remit_receive_options {
    size_t size;
    uint64_t expected_tokens; /* the first guess; 0: ask for the size first; or REMIT_AUTO_TOKENS */
    uint32_t destinations;    /* language workers that each get a copy of this room */
    uint32_t other_deadline;  /* 1: another rank owns the deadlines of this room */
    int64_t deadline_ms;      /* 0: the worker's */
    remit_sink sink;          /* null: the blocks are kept, see remit_reception_table() */
    void* context;            /* the sink's */
    const char* server_key;   /* public key of this embedding worker; null: that of control.keys.server_key_file */
} remit_receive_options;
#define REMIT_RECEIVE_OPTIONS_INIT {sizeof(remit_receive_options), 1024, 1, 0, 0, NULL, NULL, NULL}

REMIT_API remit_code remit_language_worker_create(const remit_config* config, const remit_layout* layout,
                                                  uint32_t blocks, remit_language_worker** worker);
REMIT_API void remit_language_worker_destroy(remit_language_worker* worker);
REMIT_API remit_code remit_language_worker_endpoint(const remit_language_worker* worker, char* buffer, size_t capacity,
                                                    size_t* length);
REMIT_API remit_code remit_language_worker_device(const remit_language_worker* worker, char* buffer, size_t capacity,
                                                  size_t* length);
REMIT_API remit_code remit_language_worker_data_path(const remit_language_worker* worker, remit_data_path* path);
REMIT_API remit_code remit_language_worker_counters(const remit_language_worker* worker, remit_counters* counters);
REMIT_API remit_code remit_language_worker_stop(remit_language_worker* worker, int64_t drain_ms, size_t* failed);
/* Blocks in no room's hands: all of them when everything is at rest. */
REMIT_API remit_code remit_language_worker_free_blocks(const remit_language_worker* worker, uint32_t* blocks);
/* What REMIT_AUTO_TOKENS stands for now. */
REMIT_API remit_code remit_language_worker_guessed_tokens(const remit_language_worker* worker, uint64_t* tokens);
/* A row of a kept block, from Success to remit_reception_release(). */
REMIT_API remit_code remit_language_worker_row(const remit_language_worker* worker, size_t segment, uint32_t block,
                                               uint32_t plane, uint64_t token, const void** row);

/* Asks the embedding worker at `endpoint` for `room`; returns at once. `options` null: all defaults, blocks kept. */
REMIT_API remit_code remit_language_worker_receive(remit_language_worker* worker, uint64_t room, const char* endpoint,
                                                   const remit_receive_options* options, remit_reception** reception);

/* An unfinished room is aborted; kept blocks go back. With a sink wait for the end first: its memory is remit's until then. */
REMIT_API void remit_reception_destroy(remit_reception* reception);
REMIT_API remit_code remit_reception_poll(const remit_reception* reception, remit_status* status);
REMIT_API remit_code remit_reception_wait(const remit_reception* reception, int64_t timeout_ms, remit_status* status);
/* For a consumer on a stream: with Success what is put into `stream` from then on reads all tokens. */
REMIT_API remit_code remit_reception_wait_on(const remit_reception* reception, void* stream, int64_t timeout_ms,
                                             remit_status* status);
REMIT_API remit_code remit_reception_reason(const remit_reception* reception, char* buffer, size_t capacity, size_t* length);
REMIT_API remit_code remit_reception_descriptor(const remit_reception* reception, int* descriptor);
/* Gives the request up; returns at once. `reason` may be null. */
REMIT_API remit_code remit_reception_abort(const remit_reception* reception, const char* reason);
REMIT_API remit_code remit_reception_answer(const remit_reception* reception, remit_answer* answer);
/* 0 until it is known. */
REMIT_API remit_code remit_reception_total_tokens(const remit_reception* reception, uint64_t* tokens);
/* Complete so far; resumes are those without the first. */
REMIT_API remit_code remit_reception_rounds(const remit_reception* reception, uint32_t* rounds);
/* After Success. REMIT_MISUSE before. */
REMIT_API remit_code remit_reception_aux(const remit_reception* reception, int32_t aux[REMIT_AUX_ITEMS]);
/* After Success with kept blocks: the request's blocks in order. REMIT_MISUSE before; REMIT_TOO_SMALL with their number in
 * `count` where `capacity` is less, also with 0. */
REMIT_API remit_code remit_reception_table(const remit_reception* reception, uint32_t* blocks, size_t capacity, size_t* count);
/* Gives kept blocks back, once. */
REMIT_API remit_code remit_reception_release(const remit_reception* reception);

typedef struct remit_history remit_history;

typedef struct remit_room_event {
    size_t size;
    const char* what;     /* "INIT", "RESUME", "announced", "round complete", "copied out", "final"; the history's own */
    int64_t time_ns;      /* on CLOCK_MONOTONIC */
    uint64_t first_token;
    uint64_t tokens;      /* of the round or offer; of the request for "announced" */
    uint32_t round;
    uint32_t blocks;
    remit_status status;
    uint32_t reserved;    /* 0 */
} remit_room_event;
#define REMIT_ROOM_EVENT_INIT {sizeof(remit_room_event), NULL, 0, 0, 0, 0, 0, 0, 0}

/* What has happened to the room so far, oldest first: a copy, to which nothing is added. */
REMIT_API remit_code remit_reception_history(const remit_reception* reception, remit_history** history);
REMIT_API void remit_history_destroy(remit_history* history);
REMIT_API remit_code remit_history_events(const remit_history* history, size_t* count);
REMIT_API remit_code remit_history_event(const remit_history* history, size_t index, remit_room_event* event);

#ifdef __cplusplus
}
#endif

#endif
