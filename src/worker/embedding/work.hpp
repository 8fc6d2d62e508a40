#pragma once

#include "base/fifo.hpp"
#include "memory/copy.hpp"
#include "plan/round.hpp"
#include "protocol/keys.hpp"
#include "worker/embedding/fair_clock.hpp"
#include "worker/embedding/link.hpp"

#include <remit/types.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

/// What the send queue has to do: attempts, their rounds, and the units that rounds are cut into.
namespace remit::worker::embedding {

/// What a send reads, and what it has done so far. The counters are read by user threads.
struct SendSource {
    BlockMap map;
    BlockTable table;
    Aux aux{};
    int priority = 0;
    std::atomic<std::uint32_t> rounds{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> bytes{0};
};

struct Round {
    std::uint32_t number = 0;
    plan::RoundPlan plan;
    std::uint32_t first_lane = 0;
    std::uint32_t next_unit = 0;  ///< to be staged
    std::uint32_t units = 0;      ///< chunks, then immediates on lanes without a chunk
    std::uint32_t done = 0;
};

/// One attempt's work.
struct Work {
    protocol::AttemptKey key;
    Link* link = nullptr;  ///< null once destroyed
    std::shared_ptr<SendSource> source;
    Flow flow;
    Fifo<Round*> unstaged;
    std::vector<std::unique_ptr<Round>> rounds;  ///< by number; a written one is reset
    std::uint32_t accepted = 0;
    std::vector<std::uint32_t> immediates;  ///< posted a lane
    std::uint32_t units = 0;                ///< staged and not done
    bool queued = false;                    ///< in its link's turns
    bool cancelled = false;
    bool busy = false;
    bool posted = false;
    bool forgotten = false;
};

/// What one chunk puts on one queue pair.
struct Unit {
    Work* work = nullptr;
    Round* round = nullptr;  ///< null for an immediate that closes a round
    std::uint32_t lane = 0;
    std::uint32_t next_write = 0;
    std::uint32_t end_write = 0;
    std::int64_t region = -1;
    memory::Ticket ticket = 0;
    std::uint32_t in_flight = 0;  ///< work requests
    std::uint64_t bytes = 0;      ///< on the wire
    double finish = 0;            ///< its place among the units that wait
    bool immediate = false;       ///< its last request carries the immediate; alone where there is no write
    bool closing = false;         ///< posted although the attempt is cancelled
    bool counted = false;         ///< among link->staged
    bool flying = false;          ///< among the bytes of its lane
    bool truncated = false;       ///< cancelled after a part of it was posted
};

}  // namespace remit::worker::embedding
