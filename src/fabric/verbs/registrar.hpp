#pragma once

#include "fabric/fabric.hpp"

#include <infiniband/verbs.h>

#include <cstdint>
#include <memory>
#include <string>

namespace remit::fabric::verbs {

/// The calls that registration is made of. A table, so that tests can stand in for hardware that no machine of theirs
/// has.
struct RegistrationCalls {
    ibv_mr* (*reg_mr)(ibv_pd*, void* address, std::size_t bytes, unsigned access) = nullptr;
    ibv_mr* (*reg_dmabuf_mr)(ibv_pd*, std::uint64_t offset, std::size_t bytes, std::uint64_t iova, int descriptor,
                             int access) = nullptr;
    /// mlx5dv_reg_dmabuf_mr, where the provider library has it and the device a data-direct path; else nullptr.
    ibv_mr* (*mlx5_reg_dmabuf_mr)(ibv_pd*, std::uint64_t offset, std::size_t bytes, std::uint64_t iova, int descriptor,
                                  int access, int mlx5_access) = nullptr;
    int (*dereg_mr)(ibv_mr*) = nullptr;
};

/// libibverbs' own. mlx5_reg_dmabuf_mr is looked up in libmlx5, which nothing links.
[[nodiscard]] RegistrationCalls registration_calls(ibv_context* context);

/// Registers memory in one protection domain.
class Registrar {
public:
    /// `name` is the device's, for messages. Regions hold `keep`, which owns `domain`.
    Registrar(const RegistrationCalls& calls, ibv_pd* domain, std::string name, bool relaxed_ordering);

    /// As in Fabric; each region keeps `keep` alive.
    [[nodiscard]] std::unique_ptr<MemoryRegion> memory(void* address, std::size_t bytes, Access access,
                                                       std::shared_ptr<void> keep) const;
    [[nodiscard]] Registered dmabuf(const DmabufRange& range, Access access, std::shared_ptr<void> keep) const;
    [[nodiscard]] Registered peer_memory(std::uint64_t address, std::uint64_t bytes, Access access,
                                         std::shared_ptr<void> keep) const;
    [[nodiscard]] bool takes_pcie_mapping() const noexcept { return calls_.mlx5_reg_dmabuf_mr != nullptr; }

private:
    [[nodiscard]] ibv_mr* register_range(void* address, std::size_t bytes, unsigned flags) const;
    [[nodiscard]] ibv_mr* register_range(const DmabufRange& range, unsigned flags) const;

    RegistrationCalls calls_;
    ibv_pd* domain_;
    std::string name_;
    bool relaxed_ordering_;
};

}  // namespace remit::fabric::verbs
