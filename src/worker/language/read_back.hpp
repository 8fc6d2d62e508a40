#pragma once

#include "fabric/fabric.hpp"
#include "memory/host_buffer.hpp"

#include <memory>
#include <string>

namespace remit::worker::language {

/// An RDMA READ that a NIC makes of its own machine's memory: when it has completed, what the same NIC wrote there
/// before can be seen by whoever owns the memory. For platforms where neither the completion nor the driver promises
/// that. One a NIC; owned by one thread.
class ReadBack {
public:
    /// A queue pair that is connected to itself. `region` must be registered for remote reads.
    /// @throws Error as the fabric's calls.
    ReadBack(fabric::Fabric& fabric, const fabric::MemoryRegion& region);

    /// Begins a read. False where the queue pair takes none: failure() says why.
    bool start();
    /// True while one has not completed.
    [[nodiscard]] bool running();
    /// Why no read completes any more; sticky.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    void arm() { completions_->arm(); }

private:
    void poll();

    const fabric::MemoryRegion& region_;
    memory::HostBuffer landing_;
    std::unique_ptr<fabric::MemoryRegion> landing_region_;
    std::unique_ptr<fabric::CompletionQueue> completions_;
    std::unique_ptr<fabric::QueuePair> queue_pair_;
    std::uint64_t started_ = 0;
    std::uint64_t completed_ = 0;
    std::string failure_;
};

}  // namespace remit::worker::language
