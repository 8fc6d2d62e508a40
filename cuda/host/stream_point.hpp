#pragma once

#include "driver/context.hpp"
#include "memory/streams.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace remit::gpu {

/// Events of one device, made ahead and used again. Lives as long as any of its points. Any thread.
class EventPool {
public:
    explicit EventPool(std::shared_ptr<const PrimaryContext> context) noexcept : context_(std::move(context)) {}
    ~EventPool();
    EventPool(const EventPool&) = delete;
    EventPool& operator=(const EventPool&) = delete;

    /// Makes events until `count` are free; within a scope of context().
    [[nodiscard]] cudaError_t fill(std::uint32_t count);
    /// Makes one where none is free; within a scope of context().
    [[nodiscard]] cudaError_t take(cudaEvent_t& event);
    void give(cudaEvent_t event);
    [[nodiscard]] const PrimaryContext& context() const noexcept { return *context_; }

private:
    std::shared_ptr<const PrimaryContext> context_;
    std::mutex mutex_;
    std::vector<cudaEvent_t> free_;
};

/// An event that has been recorded: one that has not would let everybody pass.
class EventPoint final : public memory::StreamPoint {
public:
    /// Within a scope of the pool's context. On an error `call` names what failed, and there is no point.
    [[nodiscard]] static cudaError_t record(const std::shared_ptr<EventPool>& pool, cudaStream_t stream,
                                            std::shared_ptr<EventPoint>& point, const char*& call);
    ~EventPoint() override { pool_->give(event_); }

    [[nodiscard]] bool passed() override;
    [[nodiscard]] std::string failure() const override;
    [[nodiscard]] cudaEvent_t event() const noexcept { return event_; }

private:
    EventPoint(std::shared_ptr<EventPool> pool, cudaEvent_t event) noexcept : pool_(std::move(pool)), event_(event) {}

    std::shared_ptr<EventPool> pool_;
    cudaEvent_t event_;
    mutable std::mutex mutex_;
    bool passed_ = false;
    std::string failure_;
};

}  // namespace remit::gpu
