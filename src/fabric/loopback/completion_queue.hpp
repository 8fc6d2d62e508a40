#pragma once

#include "fabric/loopback/network.hpp"

namespace remit::fabric::loopback {

class LoopbackCompletionQueue final : public CompletionQueue {
public:
    LoopbackCompletionQueue(std::shared_ptr<Network> network, std::shared_ptr<Port> port, std::uint32_t depth);
    std::size_t poll(std::span<Completion> out) override;
    void arm() override;
    [[nodiscard]] const std::shared_ptr<CompletionQueueState>& state() const noexcept { return state_; }

private:
    std::shared_ptr<Network> network_;
    std::shared_ptr<CompletionQueueState> state_;
};

class LoopbackReceiveQueue final : public ReceiveQueue {
public:
    LoopbackReceiveQueue(std::shared_ptr<Network> network, std::shared_ptr<Port> port, std::uint32_t depth);
    std::uint32_t post(std::uint32_t count) override;
    [[nodiscard]] std::uint32_t depth() const noexcept override { return state_->depth; }
    [[nodiscard]] std::uint32_t outstanding() const noexcept override;
    [[nodiscard]] const std::shared_ptr<ReceiveQueueState>& state() const noexcept { return state_; }

private:
    std::shared_ptr<Network> network_;
    std::shared_ptr<ReceiveQueueState> state_;
};

/// Locked. Takes the entries of that queue pair off the queue, its receives counted.
void drop_completions(CompletionQueueState& queue, const QueuePairState& queue_pair);

}  // namespace remit::fabric::loopback
