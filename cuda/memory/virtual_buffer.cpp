#include "memory/buffers.hpp"
#include "memory/zero.hpp"

#include <cstdint>
#include <utility>

namespace remit::gpu {
namespace {

CUmemAllocationProp properties(const DeviceFacts& facts) {
    CUmemAllocationProp wanted{};
    wanted.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    wanted.location = {};
    wanted.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    wanted.location.id = facts.ordinal;
    wanted.allocFlags.gpuDirectRDMACapable = facts.virtual_gpudirect ? 1 : 0;
    return wanted;
}

/// Physical memory, addresses, and the mapping of one to the other; each is given back if it was had.
class Mapping {
public:
    explicit Mapping(std::shared_ptr<const Device> device) : device_(std::move(device)) {}
    ~Mapping() {
        const ContextScope scope(device_->context);
        const Driver& driver = device_->driver();
        if (mapped_) static_cast<void>(driver.memory_unmap(address_, bytes_));
        if (address_ != 0) static_cast<void>(driver.address_free(address_, bytes_));
        if (created_) static_cast<void>(driver.physical_release(physical_));
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    /// @throws Error(environment) naming the call.
    void make(std::size_t bytes) {
        const Driver& driver = device_->driver();
        const CUmemAllocationProp wanted = properties(device_->facts);
        std::size_t granule = 0;
        require(driver, "cuMemGetAllocationGranularity",
                driver.physical_granularity(&granule, &wanted, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED));
        bytes_ = (bytes + granule - 1) / granule * granule;
        require(driver, "cuMemCreate", driver.physical_create(&physical_, bytes_, &wanted, 0),
                std::to_string(bytes_) + " bytes on cuda:" + std::to_string(device_->facts.ordinal) +
                    ": ask for fewer blocks");
        created_ = true;
        require(driver, "cuMemAddressReserve", driver.address_reserve(&address_, bytes_, granule, 0, 0));
        require(driver, "cuMemMap", driver.memory_map(address_, bytes_, 0, physical_, 0));
        mapped_ = true;
        CUmemAccessDesc access{};
        access.location = wanted.location;
        access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        require(driver, "cuMemSetAccess", driver.memory_set_access(address_, bytes_, &access, 1));
    }

    [[nodiscard]] const Device& device() const noexcept { return *device_; }
    [[nodiscard]] std::uint64_t address() const noexcept { return address_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    std::shared_ptr<const Device> device_;
    CUmemGenericAllocationHandle physical_ = 0;
    CUdeviceptr address_ = 0;
    std::size_t bytes_ = 0;
    bool created_ = false;
    bool mapped_ = false;
};

class VirtualBuffer final : public memory::Buffer {
public:
    VirtualBuffer(std::unique_ptr<Mapping> mapping, memory::BufferFacts facts)
        : Buffer(std::move(facts)), mapping_(std::move(mapping)) {}

private:
    std::unique_ptr<Mapping> mapping_;
};

/// The flag of the request is a wish: whether it was granted is read back.
std::string obstacle(const Device& device, std::uint64_t address) {
    if (!device.facts.virtual_gpudirect) return "the device has no GPUDirect RDMA for cuMemCreate";
    std::uint64_t capable = 0;  // wider than what the driver writes
    const CUresult result =
        device.driver().pointer_attribute(&capable, CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE, address);
    if (result != CUDA_SUCCESS) return error_text(device.driver(), "cuPointerGetAttribute", result);
    return capable != 0 ? "" : "gpuDirectRDMACapable was asked of cuMemCreate and not granted";
}

}  // namespace

std::unique_ptr<memory::Buffer> allocate_virtual(const std::shared_ptr<const Device>& device, std::size_t bytes) {
    const ContextScope scope(device->context);
    scope.require();
    auto mapping = std::make_unique<Mapping>(device);
    mapping->make(bytes);
    zero(*device, mapping->address(), mapping->bytes());
    memory::BufferFacts facts;
    facts.kind = MemoryKind::cuda;
    facts.device = device->facts.ordinal;
    facts.address = facts.copy_address = mapping->address();
    facts.bytes = bytes;
    facts.gather_only = obstacle(*device, mapping->address());
    return std::make_unique<VirtualBuffer>(std::move(mapping), std::move(facts));
}

}  // namespace remit::gpu
