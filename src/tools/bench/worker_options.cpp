#include "tools/bench/worker_options.hpp"

#include "tools/run/local_address.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::milliseconds kLong{86'400'000};

FabricOptions fabric_of(const Options& options, const std::string& device) {
    FabricOptions fabric;
    fabric.kind = options.fabric;
    fabric.device = device;
    if (options.gid_index) fabric.gid_index = static_cast<int>(*options.gid_index);
    if (options.ib_port) fabric.port = static_cast<int>(*options.ib_port);
    fabric.queue_pairs = options.qps;
    fabric.send_queue_depth = options.depth;
    fabric.busy_poll = options.busy_poll;
    fabric.loopback_network = "bench";
    return fabric;
}

ControlOptions control_of(const Options& options, const std::string& listen) {
    ControlOptions control;
    control.listen = listen;
    control.advertise = options.advertise;
    control.insecure = options.insecure;
    control.keys = {options.key, options.server_key, options.allow_keys};
    return control;
}

}  // namespace

EmbeddingWorkerOptions bench_embedding_options(const Options& options, const std::string& device) {
    EmbeddingWorkerOptions worker;
    worker.control = control_of(options, options.listen.empty() ? "tcp://127.0.0.1:0" : options.listen);
    worker.fabric = fabric_of(options, device);
    worker.timing.room_deadline = worker.timing.park_deadline = kLong;
    worker.timing.register_deadline = worker.timing.init_deadline = kLong;
    worker.timing.round_deadline = worker.timing.resume_deadline = worker.timing.memory_deadline = kLong;
    worker.gather = options.gather;
    worker.chunk_bytes = options.chunk_bytes;
    worker.send_regions = options.send_regions;
    worker.chunks_in_flight = options.chunks_in_flight;
    worker.in_place_bytes = options.in_place_bytes;
    return worker;
}

LanguageWorkerOptions bench_language_options(const Options& options, const std::string& device, bool overlap) {
    LanguageWorkerOptions worker;
    worker.control = control_of(options, options.listen.empty() ? listen_towards(options.connect) : options.listen);
    worker.fabric = fabric_of(options, device);
    worker.timing.room_deadline = std::chrono::seconds(options.timeout_seconds);
    worker.overlap = overlap;
    return worker;
}

}  // namespace remit::tools
