#pragma once

#include "fabric/verbs/completion_queue.hpp"
#include "fabric/verbs/device.hpp"
#include "fabric/verbs/receive_queue.hpp"

#include <memory>
#include <vector>

namespace remit::fabric::verbs {

class VerbsQueuePair final : public QueuePair {
public:
    /// What the queue pair stands on; `receives` may be empty.
    struct Parts {
        std::shared_ptr<Device> device;
        std::shared_ptr<CompletionQueueCore> send_completions;
        std::shared_ptr<CompletionQueueCore> receive_completions;
        std::shared_ptr<ReceiveQueueCore> receives;
    };

    /// @throws Error(environment) past the device's limits or where it refuses.
    VerbsQueuePair(Parts parts, std::uint32_t depth);
    ~VerbsQueuePair() override;
    VerbsQueuePair(const VerbsQueuePair&) = delete;
    VerbsQueuePair& operator=(const VerbsQueuePair&) = delete;

    [[nodiscard]] const QueuePairAddress& local() const noexcept override { return local_; }
    void connect(const QueuePairAddress& remote) override;
    PostResult post(std::span<const WorkRequest> chain) override;
    void to_error() noexcept override;

private:
    enum class State : std::uint8_t { created, connected, error };

    void create(std::uint32_t depth);
    [[nodiscard]] std::size_t acceptable(std::span<const WorkRequest> chain) const;
    [[nodiscard]] bool goes_inline(const WorkRequest& request) const noexcept;
    void translate(std::span<const WorkRequest> chain);

    Parts parts_;
    QueuePairHandle handle_;
    QueuePairAddress local_;
    std::uint32_t depth_;
    std::uint32_t inline_bytes_ = 0;  ///< that a request may carry itself
    State state_ = State::created;
    // Kept between calls, so that posting does not allocate once they have grown.
    std::vector<ibv_send_wr> requests_;
    std::vector<ibv_sge> pieces_;
};

}  // namespace remit::fabric::verbs
