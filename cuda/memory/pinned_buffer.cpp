#include "memory/buffers.hpp"
#include "memory/page_map.hpp"

#include <remit/error.hpp>

#include <cstdint>
#include <cstring>
#include <utility>

namespace remit::gpu {
namespace {

/// Pages pinned by cuMemHostRegister. Unregistered before they are unmapped.
class Pinned {
public:
    Pinned(std::shared_ptr<const Device> device, memory::PageMap pages)
        : device_(std::move(device)), pages_(std::move(pages)) {
        constexpr unsigned kFlags = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP;
        require(device_->driver(), "cuMemHostRegister",
                device_->driver().host_register(pages_.data(), pages_.size(), kFlags),
                std::to_string(pages_.size()) + " bytes: is there as much free memory, and RLIMIT_MEMLOCK for it?");
    }
    ~Pinned() {
        const ContextScope scope(device_->context);
        static_cast<void>(device_->driver().host_unregister(pages_.data()));
    }
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;

    /// Equal to the host's address on most systems, but not by promise.
    [[nodiscard]] std::uint64_t device_address() const {
        CUdeviceptr address = 0;
        require(device_->driver(), "cuMemHostGetDevicePointer",
                device_->driver().host_device_pointer(&address, pages_.data(), 0));
        return address;
    }
    [[nodiscard]] const memory::PageMap& pages() const noexcept { return pages_; }

private:
    std::shared_ptr<const Device> device_;
    memory::PageMap pages_;
};

class PinnedBuffer final : public memory::Buffer {
public:
    PinnedBuffer(std::unique_ptr<Pinned> memory, memory::BufferFacts facts)
        : Buffer(std::move(facts)), memory_(std::move(memory)) {}

private:
    std::unique_ptr<Pinned> memory_;
};

std::string placement_note(const memory::PageMap& pages, int wanted) {
    if (wanted < 0 || pages.size() == 0) return {};
    const std::string node = "NUMA node " + std::to_string(wanted);
    if (pages.bind_error() != 0) {
        return node + " was refused for pinned memory (mbind: " + std::strerror(pages.bind_error()) + ")";
    }
    const int first = pages.node_of(0);
    const int last = pages.node_of(pages.size() - 1);
    if ((first < 0 || first == wanted) && (last < 0 || last == wanted)) return {};
    return node + " is full: pinned memory lies on node " + std::to_string(first == wanted ? last : first);
}

}  // namespace

std::unique_ptr<memory::Buffer> allocate_pinned(const std::shared_ptr<const Device>& device, std::size_t bytes, int numa_node,
                                                std::string& note) {
    memory::PageMap pages(bytes, numa_node);
    if (!pages.valid()) {
        throw Error(ErrorKind::environment, "no " + std::to_string(bytes) + " bytes of host memory: mmap: " +
                                                std::strerror(pages.error()) + "; ask for fewer blocks");
    }
    note = placement_note(pages, numa_node);
    const ContextScope scope(device->context);
    scope.require();
    auto pinned = std::make_unique<Pinned>(device, std::move(pages));
    memory::BufferFacts facts;
    facts.kind = MemoryKind::pinned;
    facts.device = device->facts.ordinal;
    facts.address = reinterpret_cast<std::uintptr_t>(pinned->pages().data());
    facts.copy_address = pinned->device_address();
    facts.bytes = bytes;
    return std::make_unique<PinnedBuffer>(std::move(pinned), std::move(facts));
}

}  // namespace remit::gpu
