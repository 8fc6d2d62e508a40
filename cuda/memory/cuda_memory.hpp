#pragma once

#include "memory/device.hpp"
#include "memory/provider.hpp"
#include "memory/streams.hpp"

#include <functional>
#include <memory>
#include <string>

namespace remit::gpu {

/// What stands on the CUDA runtime, which this folder does not call: the executor whose kernels copy, and the user's
/// streams.
struct RuntimeParts {
    using Context = std::shared_ptr<const PrimaryContext>;
    std::function<std::unique_ptr<memory::CopyExecutor>(const Context& context, const memory::ExecutorOptions& options)>
        executor;
    std::function<std::unique_ptr<memory::Streams>(const Context& context)> streams;
};

/// Pinned or device memory of one GPU. Reached through memory::open_cuda().
class CudaMemory final : public memory::Provider {
public:
    /// `driver` must outlive it. @throws Error as memory::open_cuda().
    CudaMemory(const Driver& driver, const MemoryOptions& options, const RuntimeParts& runtime);

    [[nodiscard]] MemoryKind kind() const noexcept override { return options_.kind; }
    [[nodiscard]] std::string describe() const override;
    [[nodiscard]] std::string pci_address() const override { return device_->facts.pci_address; }

    [[nodiscard]] std::unique_ptr<memory::Buffer> allocate(std::size_t bytes) override;
    [[nodiscard]] std::unique_ptr<memory::Buffer> allocate_reachable(std::size_t bytes, int numa_node,
                                                                     std::string& note) override;
    /// Device memory only.
    [[nodiscard]] std::unique_ptr<memory::Buffer> adopt(const void* address, std::size_t bytes) override;
    [[nodiscard]] bool matches(const memory::Buffer& buffer) const noexcept override;
    void require_reachable(const void* address, std::size_t bytes, std::string_view what) const override;

    [[nodiscard]] bool exports(memory::Mapping mapping) const noexcept override;
    [[nodiscard]] memory::Export export_dmabuf(const memory::Buffer& buffer, memory::Mapping mapping) override;
    [[nodiscard]] std::string prepare(const memory::Buffer& buffer) override;

    [[nodiscard]] memory::Visibility visibility() const noexcept override;
    [[nodiscard]] std::string flush() override;
    [[nodiscard]] memory::Streams* streams() override { return streams_.get(); }
    [[nodiscard]] std::unique_ptr<memory::CopyExecutor> make_executor(const memory::ExecutorOptions& options) override;

private:
    [[nodiscard]] RuntimeParts::Context context() const { return {device_, &device_->context}; }
    [[nodiscard]] std::string synchronize_context(const std::string& refusal);

    MemoryOptions options_;
    std::shared_ptr<const Device> device_;
    RuntimeParts runtime_;
    std::unique_ptr<memory::Streams> streams_;
};

}  // namespace remit::gpu
