#pragma once

#include "memory/copy.hpp"

#include <map>

namespace remit::memory {

/// Copies between host buffers on the calling thread: a batch is done when submit() returns.
class HostCopyExecutor final : public CopyExecutor {
public:
    /// @param working_set bytes of the memory that the batches go through in turn, as the pool's and the send regions'.
    /// Where that, or one batch, is more than the last cache holds, long pieces are stored round the caches.
    explicit HostCopyExecutor(std::uint64_t working_set = 0) : working_set_(working_set) {}

    Ticket submit(std::span<const Copy> copies, std::uint64_t destination_base) override;
    [[nodiscard]] bool done(Ticket ticket) override { return ticket <= last_; }
    Ticket reckon(std::span<const Stretch> stretches, std::size_t sums) override;
    [[nodiscard]] std::vector<std::uint32_t> take_sums(Ticket ticket) override;

    /// Whether a batch of that many bytes is stored round the caches.
    [[nodiscard]] bool streams(std::uint64_t batch_bytes) const noexcept;

private:
    std::uint64_t working_set_;
    Ticket last_ = 0;
    std::map<Ticket, std::vector<std::uint32_t>> sums_;  ///< not taken
};

}  // namespace remit::memory
