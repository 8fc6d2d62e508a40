#pragma once

#include "memory/copy.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace remit::gpu {

/// One cudaMemcpyBatchAsync(), whatever its form in this toolkit; cudaErrorNotSupported where it has none.
[[nodiscard]] cudaError_t copy_batch(void** destinations, void** sources, std::size_t* sizes, std::size_t count,
                                     cudaStream_t stream);

/// Copies by the copy engines: what crosses PCIe goes as fast as by a kernel, and takes no SM from the model. An engine has
/// a cost for each piece, so that they are for large ones. cudaMemcpyBatchAsync() stands in toolkits from 12.8 on.
class Engines {
public:
    /// True where toolkit and driver have the call.
    [[nodiscard]] static bool in_driver(int version) noexcept;
    /// Whether the engines are worth it for these.
    [[nodiscard]] static bool suit(std::span<const memory::Copy> copies) noexcept;

    /// Takes memory for calls of that many copies.
    void reserve(std::size_t copies);
    /// Puts all copies but those of zeros into the stream; zeros() has those then.
    [[nodiscard]] cudaError_t copy(std::span<const memory::Copy> copies, std::uint64_t destination_base,
                                   cudaStream_t stream);
    [[nodiscard]] std::span<const memory::Copy> zeros() const noexcept { return zeros_; }

private:
    std::vector<void*> sources_;
    std::vector<void*> destinations_;
    std::vector<std::size_t> sizes_;
    std::vector<memory::Copy> zeros_;
};

}  // namespace remit::gpu
