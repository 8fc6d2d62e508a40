#include "host/engines.hpp"

#include "kernels/tuning.hpp"

namespace remit::gpu {
namespace {

#if CUDART_VERSION >= 12080
constexpr int kBatchDriver = 12080;
#else
constexpr int kBatchDriver = 0;
#endif

}  // namespace

#if CUDART_VERSION >= 12080
cudaError_t copy_batch(void** destinations, void** sources, std::size_t* sizes, std::size_t count, cudaStream_t stream) {
    cudaMemcpyAttributes attributes{};
    attributes.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
    std::size_t first = 0;  // the copy from which on the attributes hold
#if CUDART_VERSION >= 13000
    return cudaMemcpyBatchAsync(destinations, sources, sizes, count, &attributes, &first, 1, stream);
#else
    std::size_t failed = 0;  // 12.8 and 12.9 have this argument more
    return cudaMemcpyBatchAsync(destinations, sources, sizes, count, &attributes, &first, 1, &failed, stream);
#endif
}
#else
cudaError_t copy_batch(void**, void**, std::size_t*, std::size_t, cudaStream_t) {
    return cudaErrorNotSupported;
}
#endif

bool Engines::in_driver(int version) noexcept {
    return kBatchDriver != 0 && version >= kBatchDriver;
}

bool Engines::suit(std::span<const memory::Copy> copies) noexcept {
    std::uint64_t bytes = 0;
    std::uint64_t pieces = 0;
    for (const memory::Copy& copy : copies) {
        if (copy.source == 0) continue;
        bytes += copy.bytes;
        pieces += copy.bytes != 0 ? 1 : 0;
    }
    return pieces != 0 && bytes / pieces >= kEngineBytes;
}

void Engines::reserve(std::size_t copies) {
    sources_.reserve(copies);
    destinations_.reserve(copies);
    sizes_.reserve(copies);
    zeros_.reserve(copies);
}

cudaError_t Engines::copy(std::span<const memory::Copy> copies, std::uint64_t destination_base, cudaStream_t stream) {
    sources_.clear();
    destinations_.clear();
    sizes_.clear();
    zeros_.clear();
    for (const memory::Copy& copy : copies) {
        if (copy.bytes == 0) continue;
        if (copy.source == 0) {
            zeros_.push_back(copy);
            continue;
        }
        sources_.push_back(reinterpret_cast<void*>(copy.source));
        destinations_.push_back(reinterpret_cast<void*>(destination_base + copy.destination));
        sizes_.push_back(copy.bytes);
    }
    if (sizes_.empty()) return cudaSuccess;
    return copy_batch(destinations_.data(), sources_.data(), sizes_.data(), sizes_.size(), stream);
}

}  // namespace remit::gpu
