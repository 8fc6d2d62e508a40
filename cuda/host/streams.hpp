#pragma once

#include "host/stream_point.hpp"
#include "memory/streams.hpp"

#include <memory>

namespace remit::gpu {

/// The user's streams on one device, by events.
class GpuStreams final : public memory::Streams {
public:
    /// Makes the first events. @throws Error(environment) naming the CUDA error.
    explicit GpuStreams(std::shared_ptr<const PrimaryContext> context);

    [[nodiscard]] std::shared_ptr<memory::StreamPoint> record(memory::StreamHandle stream) override;
    void wait(memory::StreamHandle stream, memory::StreamPoint& point) override;
    void refuse_capture(memory::StreamHandle stream) override;

private:
    std::shared_ptr<EventPool> events_;
};

}  // namespace remit::gpu
