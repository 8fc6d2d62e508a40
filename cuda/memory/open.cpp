#include "driver/load.hpp"
#include "host/copy_executor.hpp"
#include "host/error_text.hpp"
#include "host/streams.hpp"
#include "memory/cuda.hpp"
#include "memory/cuda_memory.hpp"

#include <remit/error.hpp>

#include <dlfcn.h>

#include <utility>

namespace remit::memory {
namespace {

std::unique_ptr<CopyExecutor> make_executor(const gpu::RuntimeParts::Context& context, const ExecutorOptions& options) {
    std::unique_ptr<gpu::GpuCopyExecutor> executor;
    const char* call = "";
    const cudaError_t status = gpu::GpuCopyExecutor::create(gpu::executor_settings(context, options), executor, call);
    if (status != cudaSuccess) throw Error(ErrorKind::environment, gpu::error_text(call, status));
    return executor;
}

}  // namespace

std::unique_ptr<Provider> open_cuda(const MemoryOptions& options) {
    const gpu::RuntimeParts runtime{make_executor, [](const gpu::RuntimeParts::Context& context) {
                                        return std::make_unique<gpu::GpuStreams>(context);
                                    }};
    return std::make_unique<gpu::CudaMemory>(gpu::driver(), options, runtime);
}

std::optional<int> device_of(const void* address) noexcept {
    // Looked up each time: a framework may load the driver at any moment, and an answer takes less than a copy.
    void* library = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
    if (library == nullptr) return std::nullopt;
    const auto read = reinterpret_cast<PFN_cuPointerGetAttribute_v4000>(::dlsym(library, "cuPointerGetAttribute"));
    ::dlclose(library);  // of this look-up alone: whoever loaded it keeps it
    if (read == nullptr) return std::nullopt;
    const CUdeviceptr pointer = reinterpret_cast<std::uintptr_t>(address);
    unsigned type = 0;
    if (read(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, pointer) != CUDA_SUCCESS) return std::nullopt;
    std::uint64_t managed = 0;  // wider than what the driver writes
    const bool known = read(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, pointer) == CUDA_SUCCESS;
    if (type != CU_MEMORYTYPE_DEVICE || (known && managed != 0)) return std::nullopt;
    int ordinal = 0;
    return read(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, pointer) == CUDA_SUCCESS ? ordinal : 0;
}

}  // namespace remit::memory
