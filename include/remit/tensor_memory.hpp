#pragma once

#include <remit/export.hpp>
#include <remit/memory_options.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace remit {

/// Memory for tensors of the kind that a worker moves, and copies between it and the CPU's: for programs that have no CUDA
/// of their own. Not made for speed. Any thread; its CUDA context is left as it was.
class REMIT_API TensorMemory {
public:
    /// @throws Error(environment) with the remedy where this build, the driver or the device is missing or too old.
    explicit TensorMemory(const MemoryOptions& options);
    ~TensorMemory();
    TensorMemory(const TensorMemory&) = delete;
    TensorMemory& operator=(const TensorMemory&) = delete;

    /// Zeroed memory, until free() or this object's end. @throws Error(environment) where there is not that much.
    [[nodiscard]] void* allocate(std::size_t bytes);
    /// Null is permitted. @throws Error(misuse) for an address that allocate() did not return.
    void free(void* memory);

    /// To memory of the kind, its own or a worker's blocks; done when it returns. @throws Error(environment) naming a
    /// device's error.
    void write(void* to, std::span<const std::byte> from);
    void read(const void* from, std::span<std::byte> to);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace remit
