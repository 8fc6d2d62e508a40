#pragma once

#include "host/lots.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace remit::gpu {

/// What a GPU's launches leave of checksums, and what has become of it. Memory is taken once, for a number of slots.
class Sums {
public:
    Sums() = default;
    Sums(const Sums&) = delete;
    Sums& operator=(const Sums&) = delete;
    ~Sums() { release(); }

    /// For the current device; the tables go there by `stream`, which is waited for. On an error nothing is held.
    [[nodiscard]] cudaError_t create(std::uint32_t slots, cudaStream_t stream);
    void release() noexcept;
    [[nodiscard]] bool ready() const noexcept { return parts_host_ != nullptr; }

    /// Device addresses for a launch of that slot.
    [[nodiscard]] std::uint64_t tables() const noexcept { return reinterpret_cast<std::uintptr_t>(tables_); }
    [[nodiscard]] std::uint64_t parts(std::uint32_t slot) const noexcept;

    void begin(memory::Ticket ticket, std::size_t sums) { open_[ticket].resize(sums); }
    /// A launch of the batch was started; launches end in the order of their numbers.
    void launched(std::uint64_t number, std::uint32_t slot, memory::Ticket ticket, std::vector<SumLot> lots);
    /// Takes what the launch has left, before its slot is used again. Of one that sums nothing: nothing.
    void ended(std::uint64_t number);
    [[nodiscard]] std::vector<std::uint32_t> take(memory::Ticket ticket);

private:
    struct Launch {
        std::uint64_t number = 0;
        std::uint32_t slot = 0;
        memory::Ticket ticket = 0;
        std::vector<SumLot> lots;
    };
    [[nodiscard]] cudaError_t allocate(std::uint32_t slots, cudaStream_t stream);

    void* tables_ = nullptr;
    void* parts_host_ = nullptr;
    void* parts_device_ = nullptr;  ///< an alias of parts_host_
    std::deque<Launch> launches_;   ///< under way
    std::map<memory::Ticket, std::vector<JoinedSum>> open_;
};

}  // namespace remit::gpu
