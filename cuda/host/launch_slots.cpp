#include "host/launch_slots.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>

namespace remit::gpu {
namespace {

template <class T>
T* at(void* base, std::size_t byte) {
    return reinterpret_cast<T*>(static_cast<std::byte*>(base) + byte);
}

}  // namespace

cudaError_t LaunchSlots::create(std::uint32_t slots, std::uint32_t list_capacity) noexcept {
    release();
    const cudaError_t status = allocate(slots, list_capacity);
    if (status != cudaSuccess) {
        release();
        return status;
    }
    slots_ = slots;
    list_capacity_ = list_capacity;
    return cudaSuccess;
}

cudaError_t LaunchSlots::allocate(std::uint32_t slots, std::uint32_t list_capacity) noexcept {
    const std::size_t words = std::size_t{slots} * kProgressStride;
    const std::size_t tickets = std::size_t{slots} * sizeof(std::uint32_t);
    const std::size_t lists = std::size_t{slots} * list_capacity * sizeof(Piece);
    // Never write-combined: the host polls these words, and reads of such memory are not cached.
    constexpr unsigned flags = cudaHostAllocMapped | cudaHostAllocPortable;
    if (const cudaError_t s = cudaHostAlloc(&words_host_, words, flags); s != cudaSuccess) return s;
    std::memset(words_host_, 0, words);
    // The device's address of the words: equal to the host's on most systems, but not by promise.
    if (const cudaError_t s = cudaHostGetDevicePointer(&words_device_, words_host_, 0); s != cudaSuccess) return s;
    if (const cudaError_t s = cudaMalloc(&tickets_, tickets); s != cudaSuccess) return s;
    if (const cudaError_t s = cudaMemset(tickets_, 0, tickets); s != cudaSuccess) return s;
    if (lists != 0) {
        if (const cudaError_t s = cudaHostAlloc(&lists_host_, lists, cudaHostAllocPortable); s != cudaSuccess) return s;
        if (const cudaError_t s = cudaMalloc(&lists_device_, lists); s != cudaSuccess) return s;
    }
    // cudaMemset of device memory may return before it is done, in the legacy stream, which non-blocking streams do
    // not wait for.
    return cudaStreamSynchronize(cudaStreamLegacy);
}

void LaunchSlots::release() noexcept {
    // A dead context refuses to free what is gone with it; there is nothing else to do with these statuses.
    if (lists_device_ != nullptr) static_cast<void>(cudaFree(lists_device_));
    if (lists_host_ != nullptr) static_cast<void>(cudaFreeHost(lists_host_));
    if (tickets_ != nullptr) static_cast<void>(cudaFree(tickets_));
    if (words_host_ != nullptr) static_cast<void>(cudaFreeHost(words_host_));
    words_host_ = words_device_ = tickets_ = lists_host_ = lists_device_ = nullptr;
    slots_ = list_capacity_ = 0;
}

LaunchSlot LaunchSlots::operator[](std::uint32_t index) const noexcept {
    const std::size_t word = std::size_t{index} * kProgressStride;
    const std::size_t list = std::size_t{index} * list_capacity_ * sizeof(Piece);
    LaunchSlot slot;
    slot.ticket = at<std::uint32_t>(tickets_, index * sizeof(std::uint32_t));
    slot.progress = at<std::uint64_t>(words_device_, word);
    slot.list_capacity = list_capacity_;
    if (list_capacity_ == 0) return slot;
    slot.list_host = at<Piece>(lists_host_, list);
    slot.list_device = at<Piece>(lists_device_, list);
    return slot;
}

std::uint64_t LaunchSlots::progress(std::uint32_t index) const noexcept {
    auto& word = *at<std::uint64_t>(words_host_, std::size_t{index} * kProgressStride);
    return std::atomic_ref<std::uint64_t>(word).load(std::memory_order_acquire);
}

}  // namespace remit::gpu
