#pragma once

#include "memory/provider.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace remit::worker::test {

/// How the memory of the GPU behaves that memory::open_cuda() opens in this program. Its "device" memory is memory of the
/// CPU; copies, streams and events are the product's own code on a fake CUDA runtime.
struct FakeGpu {
    memory::Visibility visibility = memory::Visibility::at_completion;
    bool exports_dmabuf = true;
    std::string flush_error;            ///< what flush() returns
    std::uint64_t unreachable_from = 0;  ///< addresses in [from, to) cannot be read by the GPU
    std::uint64_t unreachable_to = 0;

    std::string gather_only;  ///< of what is adopted from now on

    int exports = 0;
    int flushes = 0;
    int buffers = 0;                           ///< that live
    std::vector<std::size_t> launches_at_flush;  ///< kernels launched so far, at each flush
};

/// Frees the memory that begins at `address` and allocates as much there again: what is there is another buffer, with
/// the same bytes, and an adoption made before does not reach it.
void reallocate(const void* address);

[[nodiscard]] FakeGpu& fake_gpu();
/// As new, with a runtime as new whose kernels run.
void reset_fake_gpu();

}  // namespace remit::worker::test
