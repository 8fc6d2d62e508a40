#include "capi/copy_out.hpp"
#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/sized.hpp"
#include "capi/worker_common.hpp"

#include <utility>

using remit::Error;
using remit::ErrorKind;
using remit::capi::guarded;
using remit::capi::needed;

namespace {

/// What a C sink says, as a C++ one would: an exception of it fails the room with its message.
remit::Sink sink_of(remit_sink sink, void* context, std::size_t segments) {
    return [sink, context, segments](std::uint64_t tokens) {
        remit::SinkTensors tensors{std::vector<void*>(segments, nullptr)};
        const int refused = sink(context, tokens, tensors.data.data(), segments);
        if (refused == 0) return tensors;
        throw Error(ErrorKind::misuse, fmt::format("the sink returned {}", refused));
    };
}

remit::ReceiveOptions receive_options(const remit_receive_options* given, std::size_t segments) {
    remit::ReceiveOptions options;
    if (given == nullptr) return options;
    const remit_receive_options read = remit::capi::read_sized(given, REMIT_RECEIVE_OPTIONS_INIT, "options");
    if (read.other_deadline > 1) {
        throw Error(ErrorKind::bad_argument, fmt::format("options.other_deadline is {}; permitted: 0 or 1", read.other_deadline));
    }
    if (read.sink == nullptr && read.context != nullptr) {
        throw Error(ErrorKind::bad_argument, "options.context is given without a sink");
    }
    options.expected_tokens =
        read.expected_tokens == REMIT_AUTO_TOKENS ? remit::kAutoTokens : std::optional(read.expected_tokens);
    options.required_dst_info_num = read.destinations;
    options.owns_deadline = read.other_deadline == 0;
    options.deadline = std::chrono::milliseconds(read.deadline_ms);
    if (read.sink != nullptr) options.into = sink_of(read.sink, read.context, segments);
    if (read.server_key != nullptr) options.server_key = read.server_key;
    return options;
}

}  // namespace

remit_code remit_language_worker_create(const remit_config* config, const remit_layout* layout, uint32_t blocks,
                                        remit_language_worker** worker) {
    return guarded([&] {
        needed(worker, "worker");
        const auto options = remit::capi::options_of(config, &remit::Config::language);
        *worker = new remit_language_worker{{options, needed(layout, "layout").value, blocks}};
    });
}

void remit_language_worker_destroy(remit_language_worker* worker) { delete worker; }

remit_code remit_language_worker_endpoint(const remit_language_worker* worker, char* buffer, size_t capacity, size_t* length) {
    return remit::capi::endpoint(worker, buffer, capacity, length);
}

remit_code remit_language_worker_device(const remit_language_worker* worker, char* buffer, size_t capacity, size_t* length) {
    return remit::capi::device(worker, buffer, capacity, length);
}

remit_code remit_language_worker_data_path(const remit_language_worker* worker, remit_data_path* path) {
    return remit::capi::data_path(worker, path);
}

remit_code remit_language_worker_counters(const remit_language_worker* worker, remit_counters* counters) {
    return remit::capi::counters(worker, counters);
}

remit_code remit_language_worker_stop(remit_language_worker* worker, int64_t drain_ms, size_t* failed) {
    return remit::capi::stop(worker, drain_ms, failed);
}

remit_code remit_language_worker_free_blocks(const remit_language_worker* worker, uint32_t* blocks) {
    return guarded([&] { needed(blocks, "blocks") = needed(worker, "worker").value.free_blocks(); });
}

remit_code remit_language_worker_guessed_tokens(const remit_language_worker* worker, uint64_t* tokens) {
    return guarded([&] { needed(tokens, "tokens") = needed(worker, "worker").value.guessed_tokens(); });
}

remit_code remit_language_worker_row(const remit_language_worker* worker, size_t segment, uint32_t block, uint32_t plane,
                                     uint64_t token, const void** row) {
    return guarded([&] { needed(row, "row") = needed(worker, "worker").value.row(segment, block, plane, token); });
}

remit_code remit_language_worker_receive(remit_language_worker* worker, uint64_t room, const char* endpoint,
                                         const remit_receive_options* options, remit_reception** reception) {
    return guarded([&] {
        needed(reception, "reception");
        remit::LanguageWorker& receiver = needed(worker, "worker").value;
        const std::string peer = &needed(endpoint, "endpoint");
        remit::ReceiveOptions chosen = receive_options(options, receiver.layout().segments().size());
        const bool keeps_blocks = std::holds_alternative<remit::KeepBlocks>(chosen.into);
        *reception = new remit_reception{receiver.receive(room, peer, std::move(chosen)), keeps_blocks};
    });
}
