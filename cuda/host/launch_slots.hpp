#pragma once

#include "kernels/batch.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>

namespace remit::gpu {

/// What a launch needs besides the copies. A slot carries one launch at a time: the list may be written anew only
/// once the progress word has shown the launch before.
struct LaunchSlot {
    std::uint32_t* ticket = nullptr;
    std::uint64_t* progress = nullptr;  ///< as the device sees it
    Piece* list_host = nullptr;         ///< pinned
    Piece* list_device = nullptr;
    std::uint32_t list_capacity = 0;
};

/// The memory of a fixed number of slots on one device, taken once.
class LaunchSlots {
public:
    LaunchSlots() = default;
    LaunchSlots(const LaunchSlots&) = delete;
    LaunchSlots& operator=(const LaunchSlots&) = delete;
    ~LaunchSlots() { release(); }

    /// For the current device. On an error nothing is held.
    [[nodiscard]] cudaError_t create(std::uint32_t slots, std::uint32_t list_capacity) noexcept;
    void release() noexcept;

    [[nodiscard]] std::uint32_t size() const noexcept { return slots_; }
    [[nodiscard]] LaunchSlot operator[](std::uint32_t index) const noexcept;
    /// What the device last published there; what it copied before is visible once this shows it.
    [[nodiscard]] std::uint64_t progress(std::uint32_t index) const noexcept;

private:
    [[nodiscard]] cudaError_t allocate(std::uint32_t slots, std::uint32_t list_capacity) noexcept;

    std::uint32_t slots_ = 0;
    std::uint32_t list_capacity_ = 0;
    void* words_host_ = nullptr;
    void* words_device_ = nullptr;  ///< an alias of words_host_
    void* tickets_ = nullptr;
    void* lists_host_ = nullptr;
    void* lists_device_ = nullptr;
};

}  // namespace remit::gpu
