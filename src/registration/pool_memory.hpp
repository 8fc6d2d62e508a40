#pragma once

#include "registration/chain.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace remit::registration {

/// What stands in for device memory that a NIC does not reach.
enum class Staging : std::uint8_t {
    none,      ///< nothing: the blocks are gathered from, and only the send regions are registered
    mirrored,  ///< pinned host memory of the same size, which the NIC writes; the owner copies between the two
    instead,   ///< pinned host memory alone, without device memory
};

struct PoolMemoryOptions {
    std::string name = "pool";  ///< for the log
    std::uint64_t bytes = 0;        ///< not used where memory is adopted
    fabric::Access access = fabric::Access::local;
    GpuDirect gpu_direct = GpuDirect::automatic;
    Staging staging = Staging::none;
};

/// Memory of a pool or of send regions, with what a NIC reaches of it. Made once in a pool's life; which way was taken
/// is logged in one line. Nothing may be in flight on it when it is destroyed.
class PoolMemory {
public:
    /// Allocates zeroed memory of the provider's kind. @throws Error as Provider and register_buffer().
    PoolMemory(memory::Provider& provider, fabric::Fabric& fabric, const PoolMemoryOptions& options);
    /// Over adopted memory, which is left alone at the end. Memory that may only be gathered from is not registered.
    PoolMemory(memory::Provider& provider, fabric::Fabric& fabric, std::unique_ptr<memory::Buffer> adopted,
               const PoolMemoryOptions& options);

    [[nodiscard]] Path path() const noexcept { return path_; }
    /// Where the user's blocks lie.
    [[nodiscard]] const memory::Buffer& blocks() const noexcept { return blocks_ ? *blocks_ : *pinned_; }
    /// What the NIC reads and writes: blocks(), or pinned memory with the same offsets, or nothing.
    [[nodiscard]] const memory::Buffer* wire() const noexcept;
    [[nodiscard]] const fabric::MemoryRegion* region() const noexcept { return region_.get(); }
    /// Whether what the NIC wrote has still to be copied from wire() to blocks().
    [[nodiscard]] bool mirrored() const noexcept { return blocks_ && pinned_; }
    /// Of what the NIC writes to wire().
    [[nodiscard]] memory::Visibility visibility() const noexcept { return visibility_; }

private:
    void reach(memory::Provider& provider, fabric::Fabric& fabric, const PoolMemoryOptions& options);
    [[nodiscard]] std::string stage(memory::Provider& provider, fabric::Fabric& fabric, const PoolMemoryOptions& options);

    // Destroyed from the bottom: first the region, then the pinned memory (unregistered from CUDA, then unmapped).
    std::unique_ptr<memory::Buffer> blocks_;
    std::unique_ptr<memory::Buffer> pinned_;
    std::unique_ptr<fabric::MemoryRegion> region_;
    Path path_ = Path::host;
    memory::Visibility visibility_ = memory::Visibility::at_completion;
};

}  // namespace remit::registration
