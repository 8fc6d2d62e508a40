#pragma once

#include "bench/work.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace remit::gpu::bench {

using Step = std::function<void(std::uint64_t)>;

/// One cudaMemcpyAsync of as many bytes: what no gather can be expected to beat.
[[nodiscard]] Step one_copy(const Work& work, cudaStream_t stream);

/// One cudaMemcpyAsync for each piece, as the copy engines take them.
[[nodiscard]] Step single_copies(const Work& work, cudaStream_t stream);

/// cudaMemcpyBatchAsync; empty where the toolkit or the driver lacks it.
[[nodiscard]] Step batched_copies(const Work& work, cudaStream_t stream);

/// cub::DeviceMemcpy::Batched over lists that lie on the device already.
[[nodiscard]] Step cub_copies(const Work& work, cudaStream_t stream);

}  // namespace remit::gpu::bench
