#include "memory/cuda.hpp"
#include "memory/host_memory.hpp"

namespace remit::memory {

std::unique_ptr<Provider> open_memory(const MemoryOptions& options) {
    if (options.kind == MemoryKind::host) return std::make_unique<HostMemory>(device_of);
    return open_cuda(options);
}

}  // namespace remit::memory
