#pragma once

#include "base/fifo.hpp"
#include "memory/copy.hpp"
#include "plan/round.hpp"
#include "protocol/embedding/actions.hpp"
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
    std::atomic<std::uint64_t> gathered{0};  ///< copied into send regions
};

struct Round {
    std::uint32_t number = 0;
    protocol::embedding::SendId send = 0;
    plan::TokenRange range;
    BlockTable blocks;
    std::uint64_t planned = 0;    ///< tokens below this have a part
    std::uint32_t next_lane = 0;  ///< of the next unit
    std::uint32_t parts = 0;      ///< not written yet
    std::uint64_t payload = 0;    ///< bytes of the parts so far
};

/// Neighbouring tokens of a round that could be read at one time: all of them, unless the send is told bit by bit.
struct Part {
    Round* round = nullptr;
    plan::RoundPlan plan;
    std::uint32_t next_unit = 0;  ///< to be staged
    std::uint32_t units = 0;      ///< chunks; of the last part then immediates on lanes without a chunk
    std::uint32_t done = 0;
    bool last = false;            ///< of its round: carries the immediates
};

/// One attempt's work.
struct Work {
    protocol::AttemptKey key;
    Link* link = nullptr;  ///< null once destroyed
    std::shared_ptr<SendSource> source;
    Flow flow;
    std::uint64_t ready = 0;  ///< tokens of the source below this may be read
    Fifo<Part*> unstaged;
    Fifo<Round*> unplanned;  ///< rounds with tokens that no part has
    std::vector<std::unique_ptr<Round>> rounds;  ///< by number; a written one is reset
    std::vector<std::unique_ptr<Part>> parts;
    std::uint64_t shared_send = 0;  ///< the send, where other language workers get the same tokens; else 0
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
    Part* part = nullptr;  ///< null for an immediate that closes a round
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
