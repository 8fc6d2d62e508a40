#pragma once

#include "metrics/collector.hpp"
#include "worker/counters.hpp"

#include <remit/memory_options.hpp>

#include <cstdint>
#include <string>

namespace remit::worker {

/// What both kinds of worker have, each with one name and one meaning: who it is, and what its loop did.
void collect_worker(metrics::Collector& collector, const std::string& endpoint, const std::string& device,
                    const DataPath& path, const LoopCounters& loop);

/// Blocks of its pool. @param quarantined those of an embedding worker never are
void collect_pool(metrics::Collector& collector, std::uint64_t free, std::uint64_t used, std::uint64_t quarantined);

/// What it moved and how long that took.
struct Moved {
    const metrics::Histogram& room;
    const metrics::Histogram& round;
    const metrics::Counter& rounds;
    const metrics::Counter& resumes;
    const metrics::Counter& bytes;
};
void collect_moved(metrics::Collector& collector, const Moved& moved);

}  // namespace remit::worker
