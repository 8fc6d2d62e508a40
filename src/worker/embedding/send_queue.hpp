#pragma once

#include "memory/copy.hpp"
#include "plan/round.hpp"
#include "protocol/embedding/actions.hpp"
#include "worker/embedding/link.hpp"
#include "worker/embedding/region_ring.hpp"

#include <remit/layout.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace remit::worker::embedding {

/// What a send reads, and what it has done so far. The counters are read by user threads.
struct SendSource {
    BlockMap map;
    BlockTable table;
    Aux aux{};
    std::atomic<std::uint32_t> rounds{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> bytes{0};
};

/// What the data plane tells the state machine.
struct SendEvent {
    enum class Kind : std::uint8_t { posted, progress, round_written, idle, link_failed, plan_failed };
    Kind kind = Kind::progress;
    protocol::AttemptKey key;  ///< attempt 0 for link_failed
    std::uint32_t round = 0;
    protocol::embedding::SendId send = 0;
    std::string reason;
};

/// The data plane of an embedding worker: rounds are planned, cut into chunks, gathered into send regions and posted,
/// chunk k+1 gathered while chunk k is on the wire. Chunks of different attempts take turns.
///
/// A unit is what one chunk puts on one queue pair. Units pass three queues in order: gathering, the lane's waiting
/// list, the lane's requests in flight; so rounds of an attempt go in order on each queue pair, and the last unit of a
/// round there carries its immediate. Owned by one thread.
class SendQueue {
public:
    struct Settings {
        plan::RoundSettings plan;
        std::uint32_t send_regions = 4;
        Link::Settings link;
    };

    SendQueue(fabric::Fabric& fabric, memory::CopyExecutor& copies, const Layout& layout, const Settings& settings);
    ~SendQueue();

    /// Connects a generation; its queue pairs' addresses. @throws Error.
    std::vector<QueuePairAddress> build_link(const protocol::embedding::BuildGeneration& generation);
    /// Destroys the queue pairs; idle events for the attempts that were busy follow once no copy runs for them.
    void destroy_link(const protocol::GenerationKey& key);

    void start(const protocol::embedding::StartRound& round, std::shared_ptr<SendSource> source);
    void cancel(const protocol::AttemptKey& key);
    void close(const protocol::AttemptKey& key);
    void forget(const protocol::AttemptKey& key);

    /// Moves everything that can move; true where something did.
    bool pump();
    /// Asks for a wake-up at the next completion.
    void arm();
    /// Events since the last call that took them; the caller clears.
    [[nodiscard]] std::vector<SendEvent>& events() noexcept { return events_; }
    /// The generation that owns a local queue pair, for asynchronous events of the device.
    [[nodiscard]] const protocol::GenerationKey* owner_of(std::uint32_t queue_pair);
    [[nodiscard]] std::vector<protocol::GenerationKey> links() const;

private:
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
        Fifo<Round*> unstaged;
        std::vector<std::unique_ptr<Round>> rounds;  ///< by number; a written one is reset
        std::uint32_t accepted = 0;
        std::vector<std::uint32_t> immediates;  ///< posted a lane
        std::uint32_t units = 0;                ///< staged and not done
        bool queued = false;                    ///< in turns_
        bool cancelled = false;
        bool busy = false;
        bool posted = false;
        bool forgotten = false;
    };

    struct Unit {
        Work* work = nullptr;
        Round* round = nullptr;  ///< null for an immediate that closes a round
        std::uint32_t lane = 0;
        std::uint32_t next_write = 0;
        std::uint32_t end_write = 0;
        std::int64_t region = -1;
        memory::Ticket ticket = 0;
        std::uint32_t in_flight = 0;
        bool immediate = false;  ///< its last request carries the immediate; alone where there is no write
        bool closing = false;    ///< posted although the attempt is cancelled
        bool counted = false;    ///< among link->staged
        bool truncated = false;  ///< cancelled after a part of it was posted
    };

    // stage.cpp
    bool stage();
    bool stage_next(Work& work);
    bool may_stage(const Work& work) const;
    UnitId new_unit(Work& work, Round* round, std::uint32_t lane);
    void take_turn(Work& work);
    bool collect_gathered();
    void plan_round(Work& work, const protocol::embedding::StartRound& request);

    // post.cpp
    bool post_all();
    bool post_lane(Link& link, Lane& lane);
    bool post_marker(Link& link, Lane& lane);
    [[nodiscard]] bool finished_posting(const Unit& unit) const noexcept;
    struct Chain;
    void fill_chain(Link& link, Lane& lane, Chain& chain);
    void drop_unposted(UnitId id);
    void add_request(Link& link, Unit& unit, UnitId id, Chain& chain);
    void account_accepted(Lane& lane, const Chain& chain, std::size_t accepted);

    // complete.cpp
    bool complete_all();
    std::size_t poll(Link& link, std::span<fabric::Completion> batch);
    void complete(Link& link, const fabric::Completion& completion);
    void finish_unit(UnitId id, bool success);
    void check_idle(Work& work);
    void fail_link(Link& link, std::string reason);
    Work* work_at(const protocol::AttemptKey& key);

    fabric::Fabric& fabric_;
    memory::CopyExecutor& copies_;
    Layout layout_;
    Settings settings_;
    RegionRing regions_;
    std::map<protocol::GenerationKey, std::unique_ptr<Link>> links_;
    std::map<protocol::AttemptKey, std::unique_ptr<Work>> works_;
    Fifo<Work*> turns_;  ///< attempts with something to stage; a null entry is one that was forgotten
    Fifo<UnitId> gathering_;
    std::vector<Unit> units_;
    std::vector<UnitId> free_units_;
    std::vector<SendEvent> events_;
};

}  // namespace remit::worker::embedding
