#pragma once

#include "fabric/verbs/device.hpp"

#include <deque>
#include <memory>

namespace remit::fabric::verbs {

/// The queue itself, shared by its user's handle and by the queue pairs that complete into it.
class CompletionQueueCore {
public:
    /// @throws Error(bad_argument) for depth 0, Error(environment) past the device's limit or where it refuses.
    CompletionQueueCore(std::shared_ptr<Device> device, std::uint32_t depth);

    [[nodiscard]] const std::shared_ptr<Device>& device() const noexcept { return device_; }
    [[nodiscard]] ibv_cq* handle() const noexcept { return handle_.get(); }
    std::size_t poll(std::span<Completion> out);
    void arm();
    /// Takes everything off the device's queue and drops what belongs to that queue pair; the rest is kept for poll().
    /// Called before a queue pair is destroyed, so that its receives are counted (some providers drop them uncounted
    /// with it), and after, since others leave its completions in the queue, where a new queue pair may get its number.
    void drop(std::uint32_t queue_pair) noexcept;

private:
    std::size_t poll_device(std::span<Completion> out);
    [[nodiscard]] Completion translate(const ibv_wc& wc);

    std::shared_ptr<Device> device_;
    CompletionQueueHandle handle_;
    std::deque<Completion> kept_;
};

class VerbsCompletionQueue final : public CompletionQueue {
public:
    explicit VerbsCompletionQueue(std::shared_ptr<CompletionQueueCore> core) : core_(std::move(core)) {}
    std::size_t poll(std::span<Completion> out) override { return core_->poll(out); }
    void arm() override { core_->arm(); }
    [[nodiscard]] const std::shared_ptr<CompletionQueueCore>& core() const noexcept { return core_; }

private:
    std::shared_ptr<CompletionQueueCore> core_;
};

}  // namespace remit::fabric::verbs
