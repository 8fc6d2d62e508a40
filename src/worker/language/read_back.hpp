#pragma once

#include "fabric/fabric.hpp"
#include "memory/host_buffer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace remit::worker::language {

/// An RDMA READ that each NIC (rail) makes of its own machine's memory: when it has completed, what the same NIC wrote
/// there before can be seen by whoever owns the memory. For platforms where neither the completion nor the driver promises
/// that. Owned by one thread.
class ReadBack {
public:
    /// A queue pair a rail that is connected to itself. `region` must be registered for remote reads.
    /// @throws Error as the fabric's calls.
    ReadBack(fabric::Fabric& fabric, const fabric::MemoryRegion& region);

    /// Begins a read on every rail. False where the queue pair takes none: failure() says why.
    bool start();
    /// True while any has not completed.
    [[nodiscard]] bool running();
    /// Why no read completes any more; sticky.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    void arm();

private:
    void poll();

    const fabric::MemoryRegion& region_;
    memory::HostBuffer landing_;
    std::unique_ptr<fabric::MemoryRegion> landing_region_;
    std::unique_ptr<fabric::CompletionQueue> completions_;
    std::vector<std::unique_ptr<fabric::QueuePair>> queue_pairs_;  ///< a rail
    std::uint64_t started_ = 0;
    std::uint64_t completed_ = 0;
    std::string failure_;
};

}  // namespace remit::worker::language
