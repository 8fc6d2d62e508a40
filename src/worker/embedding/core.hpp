#pragma once

#include "base/recycler.hpp"
#include "protocol/embedding/machine.hpp"
#include "worker/embedding/send_queue.hpp"
#include "worker/embedding/tally.hpp"
#include "worker/drain.hpp"
#include "worker/end_log.hpp"
#include "worker/event_loop.hpp"
#include "worker/mailbox.hpp"
#include "worker/send_record.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <vector>

namespace remit::worker::embedding {

/// One embedding worker without its thread: feeds the state machine with what comes and does what it asks for.
/// Everything it touches is behind the interfaces of fabric, control and memory. Owned by one thread.
class Core final : public Driven {
public:
    /// Called at a send's end, before its user sees it.
    using SendEnded = std::function<void(RoomId)>;

    Core(const protocol::embedding::Config& config, const SendQueue::Settings& settings, const Layout& layout,
         fabric::Fabric& fabric, Mailbox& mailbox, memory::Provider& memory, memory::CopyExecutor& copies,
         EmbeddingInbox& inbox, SendEnded send_ended);

    bool step(protocol::Time now) override;
    void woken(const std::array<bool, 3>& readable) override {
        mail_ = mail_ || readable[1];
        device_told_ = device_told_ || readable[2];
    }
    void take_wakeups() override;
    [[nodiscard]] bool data_is_near() const override { return queue_.busy(); }
    [[nodiscard]] const PostCounters& posted() const noexcept { return queue_.counters(); }
    /// What the worker has counted so far; any thread.
    void collect(metrics::Collector& collector) const { tally_.collect(collector, queue_.counters(), queue_.flow()); }
    void arm() override { queue_.arm(); }
    [[nodiscard]] protocol::Time next_deadline() const override;
    [[nodiscard]] std::array<int, 3> descriptors() const override;
    [[nodiscard]] bool stopped() const override { return stopped_; }
    /// After the loop's end: what was posted too late fails.
    void refuse_left();
    /// What had not ended when the worker did; any thread, after the loop's end.
    [[nodiscard]] std::size_t failed_by_stop() const noexcept { return failed_by_stop_; }

    /// Before a RejectRoom is posted: false where `limit` rooms are rejected or about to be. From any thread.
    [[nodiscard]] bool reserve_rejection(std::uint32_t limit);

private:
    using Clock = protocol::Time;

    /// A round that is written and whose checksums are being reckoned: the source is not its user's before.
    struct Reckoned {
        memory::Ticket ticket = 0;
        SendEvent written;
        protocol::embedding::SendId send = 0;
        plan::TokenRange range;
        std::vector<SendEvent> later{};  ///< events of the same attempt that wait for it
    };

    bool take_completions();
    bool take_messages();
    bool take_commands();
    void take_device_events();
    void take_ready(SendRecord& record);
    bool take_filled();
    void feed(const SendEvent& event);
    void log_end(const SendRecord& record, const protocol::embedding::SendFinal& action, protocol::Time now);
    void round_written(const SendEvent& event);
    void trace_status(const protocol::embedding::SendStatus& action);
    [[nodiscard]] bool waits_for_sums(const SendEvent& event);
    bool take_sums();
    void run_actions();
    void stop_when_due();

    void perform(protocol::embedding::Tell& action);
    void perform(const protocol::embedding::ForgetPeer& action);
    void perform(const protocol::embedding::BuildGeneration& action);
    void perform(const protocol::embedding::DestroyGeneration& action);
    void perform(const protocol::embedding::StartRound& action);
    void perform(const protocol::embedding::MoreReady& action);
    void perform(const protocol::embedding::CancelAttempt& action);
    void perform(const protocol::embedding::CloseRounds& action);
    void perform(const protocol::embedding::ForgetAttempt& action);
    void perform(const protocol::embedding::SendStatus& action);
    void perform(const protocol::embedding::SendFinal& action);

    void handle(BeginSend& command);
    void handle(ReadyTokens& command);
    void handle(CancelSend& command);
    void handle(RejectRoom& command);
    void handle(StopEmbedding& command);
    void handle(TakeSnapshot& command);
    void refuse(SendRecord& record);

    const Layout layout_;
    protocol::embedding::Machine machine_;
    fabric::Fabric& fabric_;
    Mailbox& mailbox_;
    bool mail_ = true;         ///< messages may be there
    bool device_told_ = true;  ///< the fabric may have wake-ups or events: to ask costs system calls
    EmbeddingInbox& inbox_;
    SendEnded send_ended_;
    trace::Recorder* const trace_;  ///< null: none is kept
    SendQueue queue_;
    memory::CopyExecutor& copies_;
    std::deque<Reckoned> reckoned_;
    std::vector<memory::Stretch> stretches_;
    Tally tally_;
    EndLog end_log_{"send of room"};
    Recycler send_memory_;
    std::pmr::unordered_map<protocol::embedding::SendId, std::shared_ptr<SendRecord>> sends_{&send_memory_};
    std::vector<protocol::embedding::SendId> unfilled_;  ///< sends whose watermark waits for a stream
    Clock next_look_{};                                  ///< at those
    std::vector<protocol::embedding::Action> batch_;
    std::vector<std::function<void()>> after_batch_;  ///< events that actions caused, fed when the batch is done
    std::vector<std::function<void()>> events_;       ///< those of the last batch, for their memory
    std::vector<EmbeddingCommand> commands_;
    std::vector<SendEvent> send_events_;
    Clock now_{};
    std::atomic<std::uint32_t> rejections_{0};          ///< in force
    std::atomic<std::uint32_t> posted_rejections_{0};  ///< in the inbox
    Drain drain_;
    std::size_t failed_by_stop_ = 0;
    bool stopped_ = false;
};

}  // namespace remit::worker::embedding
