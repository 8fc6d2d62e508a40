#pragma once

#include "base/recycler.hpp"
#include "memory/provider.hpp"
#include "plan/pieces.hpp"
#include "pool/block_pool.hpp"
#include "protocol/language/machine.hpp"
#include "trace/recorder.hpp"
#include "worker/drain.hpp"
#include "worker/end_log.hpp"
#include "worker/event_loop.hpp"
#include "worker/language/receiver.hpp"
#include "worker/language/tally.hpp"
#include "worker/language/visibility.hpp"
#include "worker/mailbox.hpp"
#include "worker/room_record.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <vector>

namespace remit::worker::language {

/// One language worker without its thread: feeds the state machine with what comes and does what it asks for.
/// Everything it touches is behind the interfaces of fabric, control and memory. Owned by one thread.
class Core final : public Driven {
public:
    /// Called at a room's end, before its user sees it.
    using RoomEnded = std::function<void(const RoomRecord&)>;

    Core(const protocol::language::Config& config, pool::BlockPool& pool, Receiver& receiver, fabric::Fabric& fabric,
         Mailbox& mailbox, memory::Provider& memory, memory::CopyExecutor& copies, LanguageInbox& inbox,
         RoomEnded room_ended, trace::Recorder* trace = nullptr);

    bool step(protocol::Time now) override;
    void woken(const std::array<bool, 3>& readable) override {
        mail_ = mail_ || readable[1];
        device_told_ = device_told_ || readable[2];
    }
    void take_wakeups() override;
    [[nodiscard]] bool data_is_near() const override { return !rooms_.empty(); }
    void arm() override;
    [[nodiscard]] protocol::Time next_deadline() const override;
    [[nodiscard]] std::array<int, 3> descriptors() const override;
    [[nodiscard]] bool stopped() const override { return stopped_; }
    /// What the worker has counted so far; any thread.
    void collect(metrics::Collector& collector) const { tally_.collect(collector); }
    /// After the loop's end: what was posted too late fails.
    void refuse_left();
    /// What had not ended when the worker did; any thread, after the loop's end.
    [[nodiscard]] std::size_t failed_by_stop() const noexcept { return failed_by_stop_; }

    /// Free blocks as of the last step; any thread.
    [[nodiscard]] std::uint32_t free_blocks() const noexcept { return free_blocks_.load(std::memory_order_acquire); }
    /// The first guess as of the last step; any thread.
    [[nodiscard]] std::uint64_t guessed_tokens() const noexcept {
        return guessed_tokens_.load(std::memory_order_acquire);
    }

private:
    struct RunningCopy {
        memory::Ticket ticket = 0;
        protocol::language::CopyOut copy;
        protocol::Time since{};
        trace::Nanoseconds begin = 0;  ///< where there is a trace
    };
    struct RunningSums {
        memory::Ticket ticket = 0;
        protocol::language::Checksum asked;
    };
    struct Room {
        std::shared_ptr<RoomRecord> record;
        std::unique_ptr<BlockMap> tensors;  ///< once the sink was asked
        std::uint64_t moved_out = 0;  ///< tokens whose copies were submitted
        RoomTimes times{};
        std::uint64_t session = 0;  ///< that it was last seen in; 0: none yet
    };
    /// All of a room's copies were submitted: its user's stream may wait for them once they are launched.
    struct AllSubmitted {
        std::shared_ptr<RoomRecord> record;
        memory::Ticket last = 0;
        Aux aux{};
    };

    bool take_completions();
    bool take_visible();
    bool take_copies();
    bool take_sums();
    bool tell_launched();
    void log_end(const Room& room, const protocol::language::Final& action, protocol::Time now);
    void publish() noexcept;
    void check_memory();
    [[nodiscard]] bool waits_for_device() const;
    bool take_messages();
    bool take_commands();
    void take_device_events();
    void run_actions();
    void stop_when_due();

    void perform(protocol::language::Tell& action);
    void perform(const protocol::language::CreateGeneration& action);
    void perform(const protocol::language::ConnectGeneration& action);
    void perform(const protocol::language::DestroyGeneration& action);
    void perform(const protocol::language::ForgetPeer& action);
    void perform(const protocol::language::PollDry& action);
    void perform(protocol::language::MakeVisible& action);
    void perform(const protocol::language::AskSink& action);
    void perform(protocol::language::CopyOut& action);
    void perform(const protocol::language::Checksum& action);
    void perform(const protocol::language::Answered& action);
    void perform(const protocol::language::Note& action);
    void perform(protocol::language::Final& action);
    void place_in_sink(Room& room, std::uint64_t total);
    void trace_session(const protocol::GenerationKey& key, trace::SessionStep step, std::size_t queue_pairs = 0);
    void trace_round(const protocol::AttemptKey& key, std::uint32_t round, trace::RoundStep step);
    void trace_note(const protocol::language::Note& note);

    void handle(BeginReceive& command);
    void handle(AbortRoom& command);
    void handle(ReleaseRoom& command);
    void handle(StopLanguage& command);
    void handle(TakeSnapshot& command);
    void refuse(RoomRecord& record);

    void on_arrival(const Receiver::Arrival& arrival);
    void on_failure(const Receiver::Failure& failure);

    const Layout layout_;
    pool::BlockPool& pool_;
    Receiver& receiver_;
    fabric::Fabric& fabric_;
    Mailbox& mailbox_;
    bool mail_ = true;         ///< messages may be there
    bool device_told_ = true;  ///< the fabric may have wake-ups or events: to ask costs system calls
    bool armed_ = false;       ///< the receiver is, and no wake-up has come since
    memory::Provider& memory_;
    memory::CopyExecutor& copies_;
    Visibility visibility_;
    std::string dead_;  ///< why the pool's memory cannot be used any more; empty while it can
    LanguageInbox& inbox_;
    RoomEnded room_ended_;
    trace::Recorder* const trace_;  ///< null: none is kept
    protocol::language::Machine machine_;
    Recycler room_memory_;
    std::pmr::unordered_map<protocol::language::Handle, Room> rooms_{&room_memory_};
    Tally tally_;
    EndLog end_log_{"room"};
    std::vector<RunningCopy> running_copies_;
    std::deque<RunningSums> running_sums_;
    std::vector<memory::Stretch> stretches_;
    std::vector<AllSubmitted> submitted_;
    std::vector<protocol::language::Action> batch_;
    std::vector<std::function<void()>> after_batch_;  ///< events that actions caused, fed when the batch is done
    std::vector<std::function<void()>> events_;       ///< those of the last batch, for their memory
    std::vector<LanguageCommand> commands_;
    std::vector<memory::Copy> scratch_;
    plan::BlockOrder order_;            ///< scratch
    std::vector<std::uint64_t> bases_;  ///< scratch
    std::vector<std::unique_ptr<BlockMap>> spare_maps_;  ///< of rooms that have ended, for their memory
    std::vector<Receiver::Arrival> arrivals_;
    std::atomic<std::uint32_t> free_blocks_;
    std::atomic<std::uint64_t> guessed_tokens_;
    protocol::Time now_{};
    Drain drain_;
    std::size_t failed_by_stop_ = 0;
    bool stopped_ = false;
};

}  // namespace remit::worker::language
