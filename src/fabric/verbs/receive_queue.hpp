#pragma once

#include "fabric/verbs/device.hpp"

#include <memory>

namespace remit::fabric::verbs {

/// The queue itself, shared by its user's handle and by the queue pairs that receive from it.
struct ReceiveQueueCore {
    std::shared_ptr<Device> device;
    std::uint32_t number = 0;  ///< of Device::add_receive_queue()
    ReceiveQueueHandle handle;
};

class VerbsReceiveQueue final : public ReceiveQueue {
public:
    /// @throws Error(bad_argument) for depth 0, Error(environment) past the device's limit or where it refuses.
    VerbsReceiveQueue(std::shared_ptr<Device> device, std::uint32_t depth);

    std::uint32_t post(std::uint32_t count) override;
    [[nodiscard]] std::uint32_t depth() const noexcept override { return depth_; }
    [[nodiscard]] std::uint32_t outstanding() const noexcept override;
    [[nodiscard]] const std::shared_ptr<ReceiveQueueCore>& core() const noexcept { return core_; }

private:
    std::uint32_t post_batch(std::uint32_t count);

    std::shared_ptr<ReceiveQueueCore> core_;
    std::uint32_t depth_;
};

}  // namespace remit::fabric::verbs
