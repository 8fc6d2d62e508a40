#pragma once

#include "memory/provider.hpp"
#include "plan/round.hpp"
#include "protocol/embedding/actions.hpp"
#include "trace/recorder.hpp"
#include "worker/counters.hpp"
#include "worker/embedding/link.hpp"
#include "worker/embedding/region_ring.hpp"
#include "worker/embedding/work.hpp"

#include <remit/layout.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace remit::worker::embedding {

/// What the data plane tells the state machine.
struct SendEvent {
    enum class Kind : std::uint8_t { posted, progress, round_written, idle, link_failed, send_failed };
    Kind kind = Kind::progress;
    protocol::AttemptKey key;  ///< attempt 0 for link_failed
    std::uint32_t round = 0;
    protocol::embedding::SendId send = 0;
    std::string reason;
};

/// The data plane of an embedding worker: rounds are planned, cut into chunks, gathered into send regions and posted,
/// chunk k+1 gathered while chunk k is on the wire. Chunks of different attempts share the wire by their weights.
///
/// A unit is what one chunk puts on one queue pair. Units pass three queues: gathering, the lane's waiting list, the
/// lane's requests in flight. Those of one attempt stay in order, so that its rounds go in order on each queue pair, and
/// the last unit of a round there carries its immediate; those of different attempts overtake each other in the waiting
/// list. The queue pair holds few chunks at once: what is there cannot be overtaken. Owned by one thread.
class SendQueue {
public:
    struct Settings {
        plan::RoundSettings plan;
        std::uint32_t send_regions = 4;
        std::uint32_t chunks_in_flight = 2;  ///< on a queue pair
        GpuDirect gpu_direct = GpuDirect::automatic;  ///< how the NIC reaches send regions on a GPU
        bool cpu_reads = true;  ///< sources and send regions are memory that the CPU can read
        Link::Settings link;
        trace::Recorder* recorder = nullptr;  ///< of a trace; null: none is kept
    };

    /// What goes on without a descriptor to tell its end.
    enum class Wait : std::uint8_t {
        none,
        shortly,  ///< look again in a moment
        spinning, ///< it takes microseconds
    };

    SendQueue(fabric::Fabric& fabric, memory::Provider& memory, memory::CopyExecutor& copies, const Layout& layout,
              const Settings& settings);
    ~SendQueue();

    /// Connects a generation; its queue pairs' addresses. @throws Error.
    std::vector<QueuePairAddress> build_link(const protocol::embedding::BuildGeneration& generation);
    /// Destroys the queue pairs; idle events for the attempts that were busy follow once no copy runs for them.
    void destroy_link(const protocol::GenerationKey& key);

    void start(const protocol::embedding::StartRound& round, std::shared_ptr<SendSource> source);
    /// More of the source may be read.
    void more_ready(const protocol::embedding::MoreReady& more);
    void cancel(const protocol::AttemptKey& key);
    void close(const protocol::AttemptKey& key);
    void forget(const protocol::AttemptKey& key);

    /// Moves everything that can move; true where something did.
    bool pump();
    /// Asks for a wake-up at the next completion of links with something in flight; a link that cannot be asked fails.
    void arm();
    [[nodiscard]] Wait waits() const;
    /// Whether an idle event of the attempt is still to come.
    [[nodiscard]] bool owes_idle(const protocol::AttemptKey& key);
    /// Something is staged, or on the wire.
    [[nodiscard]] bool busy() const noexcept { return units_.size() > free_units_.size(); }
    [[nodiscard]] const PostCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] const FlowCounters& flow() const noexcept { return flow_; }
    [[nodiscard]] std::size_t send_regions() const noexcept { return regions_.size(); }
    [[nodiscard]] std::size_t busy_regions() const noexcept { return regions_.busy(); }
    /// Events since the last call that took them; the caller clears.
    [[nodiscard]] std::vector<SendEvent>& events() noexcept { return events_; }
    /// The generation that owns a local queue pair, for asynchronous events of the device.
    [[nodiscard]] const protocol::GenerationKey* owner_of(std::uint32_t queue_pair);
    [[nodiscard]] std::vector<protocol::GenerationKey> links() const;

private:
    // stage.cpp
    bool stage();
    void stage_next(Work& work);
    void gather(Unit& unit, const plan::Chunk& chunk);
    [[nodiscard]] static std::span<memory::Copy> copies_of(Part& part, const plan::Chunk& chunk);
    [[nodiscard]] Link* next_link();
    [[nodiscard]] bool may_stage(Link& link);
    void wait_in_lane(UnitId id);
    UnitId new_unit(Work& work, Part* part, std::uint32_t lane);
    void take_turn(Work& work);
    [[nodiscard]] bool is_filled(Work& work);
    bool take_filled();
    void fail_copies(const std::string& reason);
    bool collect_gathered();
    void plan_more(Work& work);
    bool plan_part(Work& work, Round& round, Part& part);
    Work& open_work(const protocol::AttemptKey& key, int priority);

    // post.cpp
    bool post_all();
    bool post_lane(Link& link, Lane& lane);
    bool post_marker(Link& link, Lane& lane);
    void fail_refused(Link& link, const Lane& lane, const fabric::PostResult& result);
    [[nodiscard]] static bool is_starved(const Lane& lane) noexcept;
    [[nodiscard]] bool finished_posting(const Unit& unit) const noexcept;
    struct Chain;
    [[nodiscard]] std::uint64_t window() const noexcept;
    [[nodiscard]] bool is_large(std::uint64_t bytes) const noexcept;
    void fill_chain(Link& link, Lane& lane, Chain& chain);
    void drop_unposted(UnitId id);
    void add_request(Link& link, Unit& unit, UnitId id, Chain& chain);
    void account_accepted(Lane& lane, const Chain& chain, std::size_t accepted);

    // complete.cpp
    bool complete_all();
    std::size_t poll(Link& link, std::span<fabric::Completion> batch);
    void complete(Link& link, const fabric::Completion& completion);
    void finish_unit(UnitId id, bool success);
    void trace_unit(UnitId id, const Unit& unit, bool success) const;
    void unit_written(Work& work, Part& part);
    void count_written(const Round& round) noexcept;
    static void drop_unstaged(Work& work);
    void forget_work(const protocol::AttemptKey& key);
    void check_idle(Work& work);
    void fail_link(Link& link, std::string reason);
    Work* work_at(const protocol::AttemptKey& key);

    fabric::Fabric& fabric_;
    memory::CopyExecutor& copies_;
    Layout layout_;
    Settings settings_;
    RegionRing regions_;
    std::map<protocol::GenerationKey, std::unique_ptr<Link>> links_;
    using Works = std::map<protocol::AttemptKey, std::unique_ptr<Work>>;
    Works works_;
    // What has ended is used again with the memory that it has grown: no heap in steady state.
    std::vector<Works::node_type> spare_works_;
    Spares<Round> spare_rounds_;
    Spares<Part> spare_parts_;
    FairClock clock_;
    Fifo<UnitId> gathering_;
    std::vector<protocol::AttemptKey> unready_;  ///< attempts whose source is not filled yet
    std::chrono::steady_clock::time_point next_look_{};  ///< at those
    bool starved_ = false;  ///< something is to be posted, and no completion will tell when it can be
    std::vector<Unit> units_;
    std::vector<UnitId> free_units_;
    std::vector<trace::Chunk> traced_;  ///< what a trace wants to know of each unit; empty where there is none
    std::vector<SendEvent> events_;
    std::unique_ptr<Chain> chain_;
    PostCounters counters_;
    FlowCounters flow_;
};

}  // namespace remit::worker::embedding
