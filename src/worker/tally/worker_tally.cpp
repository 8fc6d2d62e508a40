#include "worker/tally/worker_tally.hpp"

namespace remit::worker {

void collect_worker(metrics::Collector& collector, const std::string& endpoint, const std::string& device,
                    const DataPath& path, const LoopCounters& loop) {
    collector.gauge("remit_worker_info", "Always 1: who the worker is, in its labels.", 1,
                    {{"endpoint", endpoint},
                     {"device", device},
                     {"memory", path.memory},
                     {"gpu_direct", path.gpu_direct},
                     {"gather", path.gather}});
    collector.counter("remit_loop_turns_total", "Times the worker's thread looked at all there is to look at.",
                      loop.turns.value());
    collector.counter("remit_loop_sleeps_total", "Times the worker's thread waited in the kernel.", loop.sleeps.value());
}

void collect_pool(metrics::Collector& collector, std::uint64_t free, std::uint64_t used, std::uint64_t quarantined) {
    const char* const help =
        "Blocks of the pool: free, used, quarantined (of failed rooms of a language worker, may still be written into).";
    collector.gauge("remit_pool_blocks", help, free, {{"state", "free"}});
    collector.gauge("remit_pool_blocks", help, used, {{"state", "used"}});
    collector.gauge("remit_pool_blocks", help, quarantined, {{"state", "quarantined"}});
}

void collect_moved(metrics::Collector& collector, const Moved& moved) {
    collector.histogram("remit_room_seconds", "From a room's first INIT (at an embedding worker: from send()) to Success.",
                        moved.room);
    collector.histogram("remit_round_seconds",
                        "From the offer of a round's blocks (at an embedding worker: from the offer's coming) until all of it "
                        "was written.",
                        moved.round);
    collector.counter("remit_rounds_total", "Rounds moved.", moved.rounds.value());
    collector.counter("remit_resumes_total", "Rounds moved that were not their request's first.", moved.resumes.value());
    collector.counter("remit_bytes_total", "Payload bytes of rounds moved.", moved.bytes.value());
}

}  // namespace remit::worker
