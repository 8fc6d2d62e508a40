#pragma once

#include "fabric/loopback/network.hpp"

namespace remit::fabric::loopback {

class LoopbackQueuePair final : public QueuePair {
public:
    /// `state` has its port, queues and depth. @throws Error(bad_argument, environment) for its depth.
    LoopbackQueuePair(std::shared_ptr<Network> network, std::shared_ptr<QueuePairState> state);
    ~LoopbackQueuePair() override;
    LoopbackQueuePair(const LoopbackQueuePair&) = delete;
    LoopbackQueuePair& operator=(const LoopbackQueuePair&) = delete;

    [[nodiscard]] const QueuePairAddress& local() const noexcept override { return state_->local; }
    void connect(const QueuePairAddress& remote) override;
    PostResult post(std::span<const WorkRequest> chain) override;
    void to_error() noexcept override;

private:
    std::shared_ptr<Network> network_;
    std::shared_ptr<QueuePairState> state_;
};

}  // namespace remit::fabric::loopback
