#include "memory/buffers.hpp"
#include "memory/zero.hpp"

#include <cstdint>
#include <utility>

namespace remit::gpu {
namespace {

constexpr std::size_t kGranule = 2u << 20;  // of the driver's own memory; smaller requests share one

class PlainBuffer final : public memory::Buffer {
public:
    PlainBuffer(std::shared_ptr<const Device> device, memory::BufferFacts facts)
        : Buffer(std::move(facts)), device_(std::move(device)) {}
    ~PlainBuffer() override {
        const ContextScope scope(device_->context);
        static_cast<void>(device_->driver().memory_free(facts_.address));
    }

private:
    std::shared_ptr<const Device> device_;
};

}  // namespace

std::unique_ptr<memory::Buffer> allocate_plain(const std::shared_ptr<const Device>& device, std::size_t bytes) {
    const Driver& driver = device->driver();
    const std::size_t whole = (bytes + kGranule - 1) / kGranule * kGranule;
    const ContextScope scope(device->context);
    scope.require();
    CUdeviceptr address = 0;
    require(
        driver, "cuMemAlloc", driver.memory_allocate(&address, whole),
        std::to_string(whole) + " bytes on cuda:" + std::to_string(device->facts.ordinal) + ": ask for fewer blocks");
    memory::BufferFacts facts;
    facts.kind = MemoryKind::cuda;
    facts.device = device->facts.ordinal;
    facts.address = facts.copy_address = address;
    facts.bytes = bytes;
    auto buffer = std::make_unique<PlainBuffer>(device, std::move(facts));
    zero(*device, address, whole);
    return buffer;
}

}  // namespace remit::gpu
