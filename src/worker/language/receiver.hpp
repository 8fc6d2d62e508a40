#pragma once

#include "fabric/fabric.hpp"
#include "protocol/keys.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace remit::worker::language {

/// The receiving end of the fabric: queue pairs of every generation, one shared receive queue for their immediates,
/// one completion queue as deep as it. Owned by one thread.
class Receiver {
public:
    struct Arrival {
        protocol::GenerationKey key;
        std::uint32_t queue_pair = 0;  ///< index in the generation
        std::uint32_t immediate = 0;
    };
    struct Failure {
        protocol::GenerationKey key;
        std::string reason;
    };
    using OnArrival = std::function<void(const Arrival&)>;
    using OnFailure = std::function<void(const Failure&)>;

    /// @throws Error where the device cannot hold `credits` receives.
    Receiver(fabric::Fabric& fabric, std::uint32_t credits, std::uint32_t queue_pairs);

    /// Queue pairs of a new generation, not connected yet. @throws Error(environment).
    std::vector<QueuePairAddress> create(const protocol::GenerationKey& key);
    /// Connects them to those of the peer, paired by their order on each rail; from then on an arrival's index is that of
    /// `remote`. @throws Error(environment), Error(refused) for more than were offered.
    void connect(const protocol::GenerationKey& key, const std::vector<QueuePairAddress>& remote);
    /// Queue pairs to ERR, every completion taken, destroyed, receives made whole again.
    void destroy(const protocol::GenerationKey& key, const OnArrival& on_arrival, const OnFailure& on_failure);

    /// Takes all completions that were there when it was called; true where there were some.
    bool poll(const OnArrival& on_arrival, const OnFailure& on_failure);
    /// Where that fails the next poll() says so.
    void arm();
    [[nodiscard]] const protocol::GenerationKey* owner_of(std::uint32_t queue_pair) const;
    [[nodiscard]] std::vector<protocol::GenerationKey> generations() const;
    /// Receives that the device took, at least the credits asked for.
    [[nodiscard]] std::uint32_t depth() const noexcept { return receives_->depth(); }
    [[nodiscard]] std::uint64_t unknown_queue_pairs() const noexcept { return unknown_queue_pairs_; }

private:
    struct Owner {
        protocol::GenerationKey key;
        std::uint32_t index = 0;
    };

    [[nodiscard]] std::string where(std::uint32_t queue_pair) const;
    std::size_t take(std::span<fabric::Completion> batch);
    bool tell_broken(const OnFailure& on_failure);

    fabric::Fabric& fabric_;
    std::uint32_t queue_pairs_;
    std::string broken_;  ///< why nothing can complete any more; empty while it can
    bool told_broken_ = false;
    std::unique_ptr<fabric::ReceiveQueue> receives_;
    std::unique_ptr<fabric::CompletionQueue> completions_;
    std::map<protocol::GenerationKey, std::vector<std::unique_ptr<fabric::QueuePair>>> generations_;
    std::unordered_map<std::uint32_t, Owner> owners_;  ///< by queue pair number
    std::uint64_t unknown_queue_pairs_ = 0;
};

}  // namespace remit::worker::language
