#pragma once

#include "memory/provider.hpp"

#include <optional>

namespace remit::memory {

/// Ordinary host memory; copies run on the thread that submits them.
class HostMemory final : public Provider {
public:
    /// The GPU that an address is memory of, if the CPU cannot read it: device_of() of memory/cuda.hpp.
    using DeviceLookUp = std::optional<int> (*)(const void* address) noexcept;

    /// Without a look-up memory of a GPU is not told from other memory.
    explicit HostMemory(DeviceLookUp device_of = nullptr) noexcept : device_of_(device_of) {}

    [[nodiscard]] MemoryKind kind() const noexcept override { return MemoryKind::host; }
    [[nodiscard]] std::string describe() const override { return "host memory"; }
    [[nodiscard]] std::string pci_address() const override { return {}; }

    [[nodiscard]] std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
    [[nodiscard]] std::unique_ptr<Buffer> allocate_reachable(std::size_t bytes, int numa_node,
                                                             std::string& note) override;
    /// As a source of copies alone: nobody would tell remit that the range was unmapped.
    [[nodiscard]] std::unique_ptr<Buffer> adopt(const void* address, std::size_t bytes) override;
    [[nodiscard]] bool matches(const Buffer&) const noexcept override { return true; }
    /// Refuses memory of a GPU: it would be accepted here, and end the process at the first copy.
    void require_reachable(const void* address, std::size_t bytes, std::string_view what) const override;

    [[nodiscard]] bool exports(Mapping) const noexcept override { return false; }
    [[nodiscard]] Export export_dmabuf(const Buffer& buffer, Mapping mapping) override;
    [[nodiscard]] std::string prepare(const Buffer&) override { return {}; }
    [[nodiscard]] Visibility visibility() const noexcept override { return Visibility::at_completion; }
    [[nodiscard]] std::string flush() override { return {}; }
    [[nodiscard]] std::unique_ptr<CopyExecutor> make_executor(const ExecutorOptions& options) override;

private:
    DeviceLookUp device_of_;
};

}  // namespace remit::memory
