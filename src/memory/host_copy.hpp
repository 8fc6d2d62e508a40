#pragma once

#include "memory/copy.hpp"

namespace remit::memory {

/// Copies between host buffers on the calling thread: a batch is done when submit() returns.
class HostCopyExecutor final : public CopyExecutor {
public:
    Ticket submit(std::span<const Copy> copies, std::uint64_t destination_base) override;
    [[nodiscard]] bool done(Ticket ticket) override { return ticket <= last_; }

private:
    Ticket last_ = 0;
};

}  // namespace remit::memory
