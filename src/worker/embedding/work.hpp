#pragma once

#include "base/fifo.hpp"
#include "memory/copy.hpp"
#include "memory/streams.hpp"
#include "plan/round.hpp"
#include "protocol/embedding/actions.hpp"
#include "protocol/time.hpp"
#include "worker/embedding/adopted.hpp"
#include "worker/embedding/fair_clock.hpp"
#include "worker/embedding/link.hpp"

#include <remit/types.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

/// What the send queue has to do: attempts, their rounds, and the units that rounds are cut into.
namespace remit::worker::embedding {

/// What a send reads, and what it has done so far. The counters are read by user threads.
struct SendSource {
    BlockMap map;
    AdoptedSources adopted;  ///< registrations that `map` names, beside the pool's
    BlockTable table;
    Aux aux{};
    int priority = 0;
    std::shared_ptr<memory::StreamPoint> filled;  ///< the source is filled behind it; null: it is. The worker's alone
    std::atomic<std::uint32_t> rounds{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> gathered{0};  ///< copied into send regions
};

/// A burst's memory is not kept for ever.
inline constexpr std::size_t kMostSpares = 64;

struct Round {
    std::uint32_t number = 0;
    protocol::embedding::SendId send = 0;
    plan::TokenRange range;
    BlockTable blocks;
    std::uint64_t planned = 0;    ///< tokens below this have a part
    std::uint32_t next_lane = 0;  ///< of the next unit
    std::uint32_t parts = 0;      ///< not written yet
    std::uint64_t payload = 0;    ///< bytes of the parts so far
    protocol::Time started{};     ///< when it came from the state machine
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

/// Objects that are used again, some of them; the rest is freed.
template <class T>
class Spares {
public:
    [[nodiscard]] std::unique_ptr<T> take() {
        if (spares_.empty()) return std::make_unique<T>();
        std::unique_ptr<T> one = std::move(spares_.back());
        spares_.pop_back();
        return one;
    }
    void give(std::unique_ptr<T> one) {
        if (spares_.size() < kMostSpares) spares_.push_back(std::move(one));
    }
    /// Takes `one` out of its owners.
    void give(std::vector<std::unique_ptr<T>>& owners, const T& one) {
        const auto at = std::find_if(owners.begin(), owners.end(), [&](const auto& owned) { return owned.get() == &one; });
        give(std::move(*at));
        owners.erase(at);
    }
    void give_all(std::vector<std::unique_ptr<T>>& owners) {
        for (auto& one : owners) give(std::move(one));
        owners.clear();
    }

private:
    std::vector<std::unique_ptr<T>> spares_;
};

/// One attempt's work.
struct Work {
    protocol::AttemptKey key;
    Link* link = nullptr;  ///< null once destroyed
    std::shared_ptr<SendSource> source;
    protocol::embedding::SendId send = 0;
    Flow flow;
    std::uint64_t ready = 0;  ///< tokens of the source below this may be read
    Fifo<Part*> unstaged;
    Fifo<Round*> unplanned;  ///< rounds with tokens that no part has
    std::vector<std::unique_ptr<Round>> rounds;  ///< not written yet
    std::vector<std::unique_ptr<Part>> parts;    ///< likewise
    std::uint64_t shared_send = 0;  ///< the send, where other language workers get the same tokens; else 0
    std::uint32_t accepted = 0;
    std::vector<std::uint32_t> immediates;  ///< posted a lane
    std::uint32_t units = 0;                ///< staged and not done
    bool queued = false;                    ///< in its link's turns
    bool unready = false;                   ///< among those whose source is not filled yet
    bool cancelled = false;
    bool busy = false;
    bool posted = false;
    bool forgotten = false;

    /// As new, but for the memory it has grown.
    void open(const protocol::AttemptKey& attempt, Link* to, double weight, std::size_t lanes) {
        key = attempt;
        link = to;
        source.reset();
        send = 0;
        flow = {};
        flow.weight = weight;
        ready = 0;
        shared_send = 0;
        unstaged.clear();
        unplanned.clear();
        rounds.clear();
        parts.clear();
        immediates.assign(lanes, 0);
        accepted = units = 0;
        queued = unready = cancelled = busy = posted = forgotten = false;
    }
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
    protocol::Time gathered_since = protocol::kNever;  ///< where a copy of its own was begun
    std::uint32_t in_flight = 0;  ///< work requests
    std::uint64_t bytes = 0;      ///< on the wire
    double finish = 0;            ///< its place among the units that wait
    bool immediate = false;       ///< its last request carries the immediate; alone where there is no write
    bool closing = false;         ///< posted although the attempt is cancelled
    bool counted = false;         ///< among link->staged
    bool flying = false;          ///< among the bytes of its lane
    bool truncated = false;       ///< cancelled after a part of it was posted
    bool shared = false;          ///< its region was gathered into for another rank
};

}  // namespace remit::worker::embedding
