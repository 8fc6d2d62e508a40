#include "bench/baselines.hpp"
#include "host/engines.hpp"

#include <cub/device/device_memcpy.cuh>

namespace remit::gpu::bench {
namespace {

/// The lists of one batch, as the calls below take them.
struct Lists {
    std::vector<void*> sources;
    std::vector<void*> destinations;
    std::vector<std::size_t> sizes;
};

std::vector<Lists> lists_of(const Work& work) {
    std::vector<Lists> all(work.batches());
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const memory::Copy& copy : work.copies(i)) {
            all[i].sources.push_back(reinterpret_cast<void*>(copy.source));
            all[i].destinations.push_back(reinterpret_cast<void*>(copy.destination));
            all[i].sizes.push_back(copy.bytes);
        }
    }
    return all;
}

cudaError_t copy_batch(Lists& lists, cudaStream_t stream) {
    return gpu::copy_batch(lists.destinations.data(), lists.sources.data(), lists.sizes.data(), lists.sizes.size(), stream);
}

template <class T>
std::unique_ptr<Buffer> upload(const std::vector<T>& values) {
    auto buffer = std::make_unique<Buffer>(values.size() * sizeof(T));
    check(cudaMemcpy(buffer->data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
    return buffer;
}

struct DeviceLists {
    explicit DeviceLists(const Lists& lists)
        : count(static_cast<std::uint32_t>(lists.sizes.size())),
          sources(upload(lists.sources)),
          destinations(upload(lists.destinations)),
          sizes(upload(lists.sizes)) {}
    std::uint32_t count;
    std::unique_ptr<Buffer> sources;
    std::unique_ptr<Buffer> destinations;
    std::unique_ptr<Buffer> sizes;
};

cudaError_t cub_batch(const DeviceLists& lists, void* scratch, std::size_t& scratch_bytes, cudaStream_t stream) {
    return cub::DeviceMemcpy::Batched(scratch, scratch_bytes, reinterpret_cast<void**>(lists.sources->data()),
                                      reinterpret_cast<void**>(lists.destinations->data()),
                                      reinterpret_cast<std::size_t*>(lists.sizes->data()), lists.count, stream);
}

}  // namespace

Step one_copy(const Work& work, cudaStream_t stream) {
    return [&work, stream](std::uint64_t step) {
        check(cudaMemcpyAsync(reinterpret_cast<void*>(work.destination(step)),
                              reinterpret_cast<const void*>(work.source(step)), work.bytes(), cudaMemcpyDefault, stream),
              "cudaMemcpyAsync");
    };
}

Step single_copies(const Work& work, cudaStream_t stream) {
    return [&work, stream](std::uint64_t step) {
        for (const memory::Copy& copy : work.copies(step)) {
            check(cudaMemcpyAsync(reinterpret_cast<void*>(copy.destination), reinterpret_cast<const void*>(copy.source),
                                  copy.bytes, cudaMemcpyDefault, stream),
                  "cudaMemcpyAsync");
        }
    };
}

Step batched_copies(const Work& work, cudaStream_t stream) {
    auto lists = std::make_shared<std::vector<Lists>>(lists_of(work));
    if (copy_batch(lists->front(), stream) != cudaSuccess) {
        static_cast<void>(cudaGetLastError());  // a toolkit or driver without it: no baseline
        return {};
    }
    return [lists, stream](std::uint64_t step) {
        check(copy_batch((*lists)[step % lists->size()], stream), "cudaMemcpyBatchAsync");
    };
}

Step cub_copies(const Work& work, cudaStream_t stream) {
    auto lists = std::make_shared<std::vector<DeviceLists>>();
    std::size_t most = 0;
    for (const Lists& each : lists_of(work)) {
        lists->emplace_back(each);
        std::size_t bytes = 0;
        check(cub_batch(lists->back(), nullptr, bytes, stream), "cub::DeviceMemcpy::Batched");
        most = std::max(most, bytes);
    }
    auto scratch = std::make_shared<Buffer>(most);
    return [lists, scratch, most, stream](std::uint64_t step) {
        std::size_t bytes = most;
        check(cub_batch((*lists)[step % lists->size()], scratch->data(), bytes, stream), "cub::DeviceMemcpy::Batched");
    };
}

}  // namespace remit::gpu::bench
