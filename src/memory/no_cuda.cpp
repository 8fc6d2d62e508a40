#include "memory/cuda.hpp"

#include <remit/error.hpp>

namespace remit::memory {

std::unique_ptr<Provider> open_cuda(const MemoryOptions&) {
    throw Error(ErrorKind::environment,
                "this build has no GPU support: build with -DREMIT_CUDA=ON and a CUDA toolkit, 12.4 to 13.x");
}

std::optional<int> device_of(const void*) noexcept { return std::nullopt; }

}  // namespace remit::memory
