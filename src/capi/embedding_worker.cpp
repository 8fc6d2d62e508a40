#include "capi/copy_out.hpp"
#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/sized.hpp"
#include "capi/worker_common.hpp"

#include <algorithm>
#include <utility>

using remit::Error;
using remit::ErrorKind;
using remit::capi::guarded;
using remit::capi::needed;

namespace {

remit::SendOptions send_options(const remit_send_options* given) {
    remit::SendOptions options;
    if (given == nullptr) return options;
    const remit_send_options read = remit::capi::read_sized(given, REMIT_SEND_OPTIONS_INIT, "options");
    if (read.partly_ready > 1 || read.behind_stream > 1 || read.reserved != 0) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("options.partly_ready is {}, behind_stream {}, reserved {}; permitted: 0 or 1, 0 or 1, 0",
                                read.partly_ready, read.behind_stream, read.reserved));
    }
    options.priority = read.priority;
    if (read.partly_ready != 0) options.ready_tokens = read.ready_tokens;
    if (read.behind_stream != 0) options.stream = remit::Stream(read.stream);
    return options;
}

remit::Aux aux_of(const int32_t* values) {
    remit::Aux aux{};
    if (values != nullptr) std::copy_n(values, aux.size(), aux.begin());
    return aux;
}

remit::BlockTable table_of(const uint32_t* blocks, size_t count) {
    if (count > 0) needed(blocks, "blocks");
    return {blocks, blocks + count};
}

remit_send* send(remit_embedding_worker* worker, uint64_t room, remit::Source source, uint64_t tokens, const int32_t* aux,
                 const remit_send_options* options) {
    return new remit_send{needed(worker, "worker").value.send(room, std::move(source), tokens, aux_of(aux), send_options(options))};
}

}  // namespace

remit_code remit_embedding_worker_create(const remit_config* config, const remit_layout* layout, uint32_t blocks,
                                         remit_embedding_worker** worker) {
    return guarded([&] {
        needed(worker, "worker");
        const auto options = remit::capi::options_of(config, &remit::Config::embedding);
        *worker = new remit_embedding_worker{{options, needed(layout, "layout").value, blocks}};
    });
}

void remit_embedding_worker_destroy(remit_embedding_worker* worker) { delete worker; }

remit_code remit_embedding_worker_endpoint(const remit_embedding_worker* worker, char* buffer, size_t capacity, size_t* length) {
    return remit::capi::endpoint(worker, buffer, capacity, length);
}

remit_code remit_embedding_worker_device(const remit_embedding_worker* worker, char* buffer, size_t capacity, size_t* length) {
    return remit::capi::device(worker, buffer, capacity, length);
}

remit_code remit_embedding_worker_data_path(const remit_embedding_worker* worker, remit_data_path* path) {
    return remit::capi::data_path(worker, path);
}

remit_code remit_embedding_worker_counters(const remit_embedding_worker* worker, remit_counters* counters) {
    return remit::capi::counters(worker, counters);
}

remit_code remit_embedding_worker_stop(remit_embedding_worker* worker, int64_t drain_ms, size_t* failed) {
    return remit::capi::stop(worker, drain_ms, failed);
}

remit_code remit_embedding_worker_free_blocks(remit_embedding_worker* worker, uint32_t* blocks) {
    return guarded([&] { needed(blocks, "blocks") = needed(worker, "worker").value.pool().free_blocks(); });
}

remit_code remit_embedding_worker_allocate(remit_embedding_worker* worker, uint64_t tokens, uint32_t* blocks, size_t capacity,
                                           size_t* count) {
    return guarded([&] {
        remit::SourcePool& pool = needed(worker, "worker").value.pool();
        needed(count, "count");
        if (capacity > 0) needed(blocks, "blocks");
        if (const uint64_t wanted = pool.layout().blocks_for(tokens); wanted > capacity) {
            *count = wanted;
            remit::capi::require_room("blocks", capacity, wanted);
        }
        remit::capi::copy_blocks(pool.allocate(tokens), blocks, capacity, *count);
    });
}

remit_code remit_embedding_worker_free(remit_embedding_worker* worker, const uint32_t* blocks, size_t count) {
    return guarded([&] { needed(worker, "worker").value.pool().free(table_of(blocks, count)); });
}

remit_code remit_embedding_worker_row(remit_embedding_worker* worker, size_t segment, uint32_t block, uint32_t plane,
                                      uint64_t token, void** row) {
    return guarded([&] { needed(row, "row") = needed(worker, "worker").value.pool().row(segment, block, plane, token); });
}

remit_code remit_embedding_worker_send_blocks(remit_embedding_worker* worker, uint64_t room, const uint32_t* blocks, size_t count,
                                              uint64_t tokens, const int32_t* aux, const remit_send_options* options,
                                              remit_send** out) {
    return guarded([&] {
        needed(out, "send");
        *out = send(worker, room, table_of(blocks, count), tokens, aux, options);
    });
}

remit_code remit_embedding_worker_send_tensors(remit_embedding_worker* worker, uint64_t room, const void* const* tensors,
                                               size_t count, uint64_t tokens, const int32_t* aux,
                                               const remit_send_options* options, remit_send** out) {
    return guarded([&] {
        needed(out, "send");
        if (count > 0) needed(tensors, "tensors");
        remit::ContiguousSource source;
        source.data.assign(tensors, tensors + count);
        *out = send(worker, room, std::move(source), tokens, aux, options);
    });
}

remit_code remit_embedding_worker_reject(remit_embedding_worker* worker, uint64_t room, const char* reason) {
    return guarded([&] { needed(worker, "worker").value.reject(room, &needed(reason, "reason")); });
}

remit_code remit_embedding_worker_adopt(remit_embedding_worker* worker, const void* memory, size_t bytes,
                                        remit_adopted** adopted) {
    return guarded([&] {
        needed(adopted, "adopted");
        *adopted = new remit_adopted{needed(worker, "worker").value.adopt(memory, bytes)};
    });
}

remit_code remit_adopted_way(const remit_adopted* adopted, char* buffer, size_t capacity, size_t* length) {
    return guarded(
        [&] { remit::capi::copy_text(needed(adopted, "adopted").value.gpu_direct(), buffer, capacity, length); });
}

void remit_adopted_destroy(remit_adopted* adopted) { delete adopted; }
