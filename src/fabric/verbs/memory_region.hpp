#pragma once

#include "fabric/verbs/device.hpp"

#include <memory>

namespace remit::fabric::verbs {

class VerbsMemoryRegion final : public MemoryRegion {
public:
    /// @throws Error as Fabric::register_memory().
    VerbsMemoryRegion(std::shared_ptr<Device> device, void* address, std::size_t bytes, Access access);

    [[nodiscard]] std::uint64_t address() const noexcept override;
    [[nodiscard]] std::uint64_t length() const noexcept override { return handle_->length; }
    [[nodiscard]] std::uint32_t local_key() const noexcept override { return handle_->lkey; }
    [[nodiscard]] std::uint32_t remote_key() const noexcept override { return handle_->rkey; }

private:
    std::shared_ptr<Device> device_;
    MemoryHandle handle_;
};

}  // namespace remit::fabric::verbs
