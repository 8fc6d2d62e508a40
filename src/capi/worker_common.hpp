#pragma once

#include "capi/copy_out.hpp"
#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/sized.hpp"

#include <chrono>

/// What both kinds of worker have, and what sends and receptions have in common: the handle's type tells them apart.
namespace remit::capi {

/// One worker's part of a configuration, which may be null. @throws Error(bad_argument) for values that contradict each other.
template <class Options>
Options options_of(const remit_config* config, Options Config::*part) {
    if (config == nullptr) return {};
    config->loader.check();
    Options options = config->loader.config().*part;
    options.memory.pool = config->pool;
    options.memory.pool_size = config->pool_size;
    return options;
}

template <class Worker>
remit_code endpoint(const Worker* worker, char* buffer, std::size_t capacity, std::size_t* length) {
    return guarded([&] { copy_text(needed(worker, "worker").value.endpoint(), buffer, capacity, length); });
}

template <class Worker>
remit_code device(const Worker* worker, char* buffer, std::size_t capacity, std::size_t* length) {
    return guarded([&] { copy_text(needed(worker, "worker").value.device(), buffer, capacity, length); });
}

template <class Worker>
remit_code data_path(const Worker* worker, remit_data_path* path) {
    return guarded([&] {
        const DataPath p = needed(worker, "worker").value.data_path();
        remit_data_path told{};
        put_text(p.memory, told.memory, sizeof told.memory);
        put_text(p.gpu_direct, told.gpu_direct, sizeof told.gpu_direct);
        put_text(p.gather, told.gather, sizeof told.gather);
        write_sized(told, path, "path");
    });
}

template <class Worker>
remit_code counters(const Worker* worker, remit_counters* counters) {
    return guarded([&] {
        const Counters c = needed(worker, "worker").value.counters();
        write_sized(remit_counters{0, c.turns, c.sleeps, c.work_requests, c.doorbells, c.signaled}, counters, "counters");
    });
}

template <class Worker>
remit_code stop(Worker* worker, std::int64_t drain_ms, std::size_t* failed) {
    return guarded([&] {
        const std::size_t left = needed(worker, "worker").value.stop(std::chrono::milliseconds(drain_ms));
        if (failed != nullptr) *failed = left;
    });
}

/// The moment `timeout_ms` from now. @throws Error(bad_argument) for a negative time: every wait has an end.
inline std::chrono::steady_clock::time_point deadline_after(std::int64_t timeout_ms) {
    constexpr std::int64_t kMost = std::int64_t{365} * 24 * 3600 * 1000;  // longer ones would pass the end of the clock
    if (timeout_ms < 0) throw Error(ErrorKind::bad_argument, fmt::format("timeout_ms is {}; permitted: 0 or more", timeout_ms));
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(std::min(timeout_ms, kMost));
}

template <class Transfer>
remit_code reason(const Transfer* transfer, const char* name, char* buffer, std::size_t capacity, std::size_t* length) {
    return guarded([&] { copy_text(needed(transfer, name).value.reason(), buffer, capacity, length); });
}

template <class Transfer>
remit_code descriptor(const Transfer* transfer, const char* name, int* descriptor) {
    return guarded([&] { needed(descriptor, "descriptor") = needed(transfer, name).value.descriptor(); });
}

}  // namespace remit::capi
