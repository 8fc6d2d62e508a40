#include "registration/chain.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <bit>
#include <utility>

namespace remit::registration {
namespace {

class Chain {
public:
    Chain(memory::Provider& provider, fabric::Fabric& fabric, const memory::Buffer& buffer, fabric::Access access)
        : provider_(provider), fabric_(fabric), buffer_(buffer), access_(access) {}

    [[nodiscard]] bool try_dmabuf() {
        // The PCIe mapping first: on a machine that has it, the plain one may lead the NIC a slower way.
        if (provider_.exports(memory::Mapping::pcie) && fabric_.takes_pcie_mapping() &&
            try_mapping(memory::Mapping::pcie, Path::dmabuf_pcie)) {
            return true;
        }
        return try_mapping(memory::Mapping::plain, Path::dmabuf);
    }

    [[nodiscard]] bool try_peermem() {
        return take(Path::peermem, fabric_.register_peer_memory(buffer_.address(), buffer_.bytes(), access_));
    }

    [[nodiscard]] Outcome& outcome() noexcept { return outcome_; }

private:
    [[nodiscard]] bool try_mapping(memory::Mapping mapping, Path path) {
        if (!provider_.exports(mapping)) {
            refused(path, "the driver exports none for this device");
            return false;
        }
        const memory::Export exported = provider_.export_dmabuf(buffer_, mapping);
        if (!exported.descriptor.valid()) {
            refused(path, exported.refusal);
            return false;
        }
        // The device keeps the dma-buf by itself: the descriptor goes with this scope.
        return take(path, fabric_.register_dmabuf({exported.descriptor.get(), exported.offset, buffer_.bytes(),
                                                   buffer_.address(), mapping == memory::Mapping::pcie},
                                                  access_));
    }

    [[nodiscard]] bool take(Path path, fabric::Registered registered) {
        if (!registered.region) {
            refused(path, registered.refusal);
            return false;
        }
        outcome_.path = path;
        outcome_.region = std::move(registered.region);
        return true;
    }

    void refused(Path path, const std::string& why) {
        if (!outcome_.refusals.empty()) outcome_.refusals += "; ";
        outcome_.refusals += fmt::format("{}: {}", to_string(path), why);
    }

    memory::Provider& provider_;
    fabric::Fabric& fabric_;
    const memory::Buffer& buffer_;
    fabric::Access access_;
    Outcome outcome_;
};

Outcome register_host(fabric::Fabric& fabric, const memory::Buffer& buffer, fabric::Access access) {
    Outcome outcome;
    outcome.path = Path::host;
    outcome.region = fabric.register_memory(std::bit_cast<void*>(static_cast<std::uintptr_t>(buffer.address())),
                                            buffer.bytes(), access);
    return outcome;
}

[[noreturn]] void fail(const memory::Provider& provider, const fabric::Fabric& fabric, std::string_view setting,
                       const std::string& refusals) {
    throw Error(ErrorKind::environment,
                fmt::format("memory of {} cannot be registered on {} as --gpu-direct {} asks ({}); docs/gpu.md names the "
                            "driver and the kernel that it needs; auto takes the best way there is",
                            provider.describe(), fabric.device(), setting, refusals));
}

}  // namespace

Outcome register_buffer(memory::Provider& provider, fabric::Fabric& fabric, const memory::Buffer& buffer,
                        fabric::Access access, GpuDirect setting) {
    if (!buffer.registrable()) {
        throw Error(ErrorKind::misuse, "memory that may only be gathered from cannot be registered: " +
                                           buffer.facts().gather_only);
    }
    if (buffer.kind() != MemoryKind::cuda) return register_host(fabric, buffer, access);
    Chain chain(provider, fabric, buffer, access);
    if (setting == GpuDirect::staged) return std::move(chain.outcome());
    chain.outcome().notes = provider.prepare(buffer);
    const bool dmabuf = setting != GpuDirect::peermem && chain.try_dmabuf();
    const bool peermem = !dmabuf && setting != GpuDirect::dmabuf && chain.try_peermem();
    if (!dmabuf && !peermem && setting != GpuDirect::automatic) {
        fail(provider, fabric, setting == GpuDirect::dmabuf ? "dmabuf" : "peermem", chain.outcome().refusals);
    }
    return std::move(chain.outcome());
}

}  // namespace remit::registration
