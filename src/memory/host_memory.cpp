#include "memory/host_memory.hpp"

#include "memory/host_buffer.hpp"
#include "memory/host_copy.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

namespace remit::memory {
namespace {

class OwnedHostBuffer final : public Buffer {
public:
    explicit OwnedHostBuffer(HostBuffer memory) : Buffer(facts_of(memory)), memory_(std::move(memory)) {}

private:
    static BufferFacts facts_of(const HostBuffer& memory) {
        BufferFacts facts;
        facts.address = facts.copy_address = memory.address();
        facts.bytes = memory.size();
        return facts;
    }

    HostBuffer memory_;
};

class AdoptedHostBuffer final : public Buffer {
public:
    explicit AdoptedHostBuffer(BufferFacts facts) : Buffer(std::move(facts)) {}
};

}  // namespace

std::unique_ptr<Buffer> HostMemory::allocate(std::size_t bytes) {
    return std::make_unique<OwnedHostBuffer>(HostBuffer(bytes));
}

std::unique_ptr<Buffer> HostMemory::allocate_reachable(std::size_t bytes, int, std::string&) {
    return allocate(bytes);
}

std::unique_ptr<Buffer> HostMemory::adopt(const void* address, std::size_t bytes) {
    require_reachable(address, bytes, "adopted memory");
    BufferFacts facts;
    facts.address = facts.copy_address = reinterpret_cast<std::uintptr_t>(address);
    facts.bytes = bytes;
    facts.adopted = true;
    facts.gather_only = "host memory of the user's: nobody tells when it is unmapped";
    return std::make_unique<AdoptedHostBuffer>(std::move(facts));
}

void HostMemory::require_reachable(const void* address, std::size_t, std::string_view what) const {
    const std::optional<int> device = device_of_ == nullptr ? std::nullopt : device_of_(address);
    if (!device) return;
    throw Error(ErrorKind::bad_argument,
                fmt::format("{} at {} is memory of cuda:{}, which the CPU cannot read: use memory kind cuda or pinned on "
                            "that device, or copy it to the host",
                            what, address, *device));
}

Export HostMemory::export_dmabuf(const Buffer&, Mapping) {
    Export refused;
    refused.refusal = "host memory is registered as it is";
    return refused;
}

std::unique_ptr<CopyExecutor> HostMemory::make_executor(const ExecutorOptions& options) {
    return std::make_unique<HostCopyExecutor>(options.working_set);
}

}  // namespace remit::memory
