#include "memory/cuda_memory.hpp"

#include "base/nvtx_range.hpp"
#include "memory/buffers.hpp"
#include "memory/pointers.hpp"

#include <remit/error.hpp>

#include <unistd.h>

#include <cstdint>
#include <utility>

namespace remit::gpu {
namespace {

class AdoptedBuffer final : public memory::Buffer {
public:
    explicit AdoptedBuffer(memory::BufferFacts facts) : Buffer(std::move(facts)) {}
};

std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

unsigned long long export_flags(memory::Mapping mapping) {
#if CUDA_VERSION >= 12080
    if (mapping == memory::Mapping::pcie) return CU_MEM_RANGE_FLAG_DMA_BUF_MAPPING_TYPE_PCIE;
#else
    static_cast<void>(mapping);
#endif
    return 0;
}

}  // namespace

CudaMemory::CudaMemory(const Driver& driver, const MemoryOptions& options, const RuntimeParts& runtime)
    : options_(options),
      device_(std::make_shared<Device>(driver, options.device)),
      runtime_(runtime),
      streams_(runtime.streams(context())) {}

std::string CudaMemory::describe() const {
    return std::string(options_.kind == MemoryKind::pinned ? "pinned memory for cuda:" : "cuda:") +
           std::to_string(device_->facts.ordinal) + " (" + device_->facts.name + ", " + device_->facts.pci_address +
           ")";
}

std::unique_ptr<memory::Buffer> CudaMemory::allocate(std::size_t bytes) {
    if (bytes == 0) throw Error(ErrorKind::bad_argument, "0 bytes of memory; permitted: at least 1");
    if (options_.kind == MemoryKind::pinned) {
        std::string note;  // no node was asked for
        return allocate_pinned(device_, bytes, -1, note);
    }
    return options_.allocation == DeviceAllocation::plain ? allocate_plain(device_, bytes)
                                                          : allocate_virtual(device_, bytes);
}

std::unique_ptr<memory::Buffer> CudaMemory::allocate_reachable(std::size_t bytes, int numa_node, std::string& note) {
    if (bytes == 0) throw Error(ErrorKind::bad_argument, "0 bytes of memory; permitted: at least 1");
    return allocate_pinned(device_, bytes, numa_node, note);
}

std::unique_ptr<memory::Buffer> CudaMemory::adopt(const void* address, std::size_t bytes) {
    DeviceRange range = inspect(*device_, address_of(address), bytes, "adopted memory");
    memory::BufferFacts facts;
    facts.kind = MemoryKind::cuda;
    facts.device = device_->facts.ordinal;
    facts.address = facts.copy_address = address_of(address);
    facts.bytes = bytes;
    facts.adopted = true;
    facts.allocations = std::move(range.allocations);
    facts.gather_only = std::move(range.gather_only);
    return std::make_unique<AdoptedBuffer>(std::move(facts));
}

bool CudaMemory::matches(const memory::Buffer& buffer) const noexcept {
    return !buffer.adopted() || still_there(*device_, buffer.facts().allocations);
}

void CudaMemory::require_reachable(const void* address, std::size_t bytes, std::string_view what) const {
    gpu::require_reachable(*device_, address_of(address), bytes, what);
}

bool CudaMemory::exports(memory::Mapping mapping) const noexcept {
    return mapping == memory::Mapping::pcie ? device_->facts.pcie_dmabuf : device_->facts.dmabuf;
}

memory::Export CudaMemory::export_dmabuf(const memory::Buffer& buffer, memory::Mapping mapping) {
    // Whole pages are exported. The buffer begins within the first of them: with offset 0, other bytes would be sent.
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t begin = buffer.address() / page * page;
    const std::uint64_t end = (buffer.address() + buffer.bytes() + page - 1) / page * page;
    memory::Export result;
    const ContextScope scope(device_->context);
    if (scope.status() != CUDA_SUCCESS) {
        result.refusal = scope.failure();
        return result;
    }
    int descriptor = -1;
    const CUresult status = device_->driver().memory_export(&descriptor, begin, end - begin,
                                                            CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD, export_flags(mapping));
    if (status != CUDA_SUCCESS) {
        result.refusal = error_text(device_->driver(), "cuMemGetHandleForAddressRange", status);
        // 801 is what the proprietary kernel modules answer, and kernels before 5.12.
        if (status == CUDA_ERROR_NOT_SUPPORTED)
            result.refusal += ": dma-buf needs the open kernel modules and Linux 5.12";
        return result;
    }
    result.descriptor = Descriptor(descriptor);
    result.offset = buffer.address() - begin;
    return result;
}

std::string CudaMemory::prepare(const memory::Buffer& buffer) {
    if (buffer.kind() != MemoryKind::cuda) return {};
    const Driver& driver = device_->driver();
    const ContextScope scope(device_->context);
    if (scope.status() != CUDA_SUCCESS) return scope.failure();
    std::vector<std::uint64_t> starts{buffer.address()};
    for (const memory::Allocation& allocation : buffer.facts().allocations) {
        if (allocation.base > buffer.address()) starts.push_back(allocation.base);
    }
    for (const std::uint64_t start : starts) {
        const unsigned on = 1;
        const CUresult status = driver.pointer_set_attribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, start);
        if (status != CUDA_SUCCESS) return synchronize_context(error_text(driver, "cuPointerSetAttribute", status));
    }
    return {};
}

/// Memory of cuMemCreate refuses the attribute. What there is instead changes the user's whole context: only if asked
/// for.
std::string CudaMemory::synchronize_context(const std::string& refusal) {
    const std::string lacking = "synchronous copies on this memory do not wait for themselves (" + refusal + ")";
    if (!options_.context_sync_memops) return lacking + "; context_sync_memops would make all of the context wait";
    const Driver& driver = device_->driver();
    if (driver.context_set_flags == nullptr) return lacking + "; the context's flag needs a driver of CUDA 12.1";
    unsigned flags = 0;
    if (const CUresult status = driver.context_get_flags(&flags); status != CUDA_SUCCESS) {
        return lacking + "; " + error_text(driver, "cuCtxGetFlags", status);
    }
    if (const CUresult status = driver.context_set_flags(flags | CU_CTX_SYNC_MEMOPS); status != CUDA_SUCCESS) {
        return lacking + "; " + error_text(driver, "cuCtxSetFlags", status);
    }
    return "CU_CTX_SYNC_MEMOPS is set on the context, since this memory refuses the attribute";
}

memory::Visibility CudaMemory::visibility() const noexcept {
    return options_.kind == MemoryKind::pinned ? memory::Visibility::at_completion : visibility_of(device_->facts);
}

std::string CudaMemory::flush() {
    const NvtxRange range("flush of GPUDirect writes");
    const Driver& driver = device_->driver();
    const ContextScope scope(device_->context);
    if (scope.status() != CUDA_SUCCESS) return scope.failure();
    const CUresult status = driver.flush_rdma_writes(CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TARGET_CURRENT_CTX,
                                                     CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TO_OWNER);
    return status == CUDA_SUCCESS ? std::string() : error_text(driver, "cuFlushGPUDirectRDMAWrites", status);
}

std::unique_ptr<memory::CopyExecutor> CudaMemory::make_executor(const memory::ExecutorOptions& options) {
    return runtime_.executor(context(), options);
}

}  // namespace remit::gpu
