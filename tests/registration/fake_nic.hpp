#pragma once

#include "fabric/fabric.hpp"
#include "fabric/verbs/registrar.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace remit::registration::test {

/// What the verbs calls that register memory do. One for the process, made new by each test.
struct FakeVerbs {
    int dmabuf_error = 0;   ///< of ibv_reg_dmabuf_mr; 0: it works
    int mlx5_error = 0;     ///< of mlx5dv_reg_dmabuf_mr
    int peermem_error = 0;  ///< of ibv_reg_mr with an address that is no host memory
    bool has_mlx5 = false;  ///< the provider library has mlx5dv_reg_dmabuf_mr and the device a data-direct path
    int fail_at = -1;       ///< the call with this number fails with EIO
    bool refuses_relaxed_ordering = false;

    struct Region {
        std::string call;
        std::uint64_t address = 0;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        int descriptor = -1;
        unsigned access = 0;
        int mlx5_access = 0;
    };
    int calls = 0;
    std::string failed_call;
    std::vector<Region> made;
    std::map<ibv_mr*, std::unique_ptr<ibv_mr>> held;
    std::vector<std::string> log;  ///< "ibv_dereg_mr" among them
};

[[nodiscard]] FakeVerbs& fake_verbs();
void reset_fake_verbs();

/// A fabric with nothing but registration: libibverbs' part of it as in the product, the calls below faked.
class FakeNic final : public fabric::Fabric {
public:
    FakeNic();

    [[nodiscard]] std::string_view kind() const noexcept override { return "verbs"; }
    [[nodiscard]] std::string device() const override { return "mlx5_0"; }
    [[nodiscard]] std::string describe() const override { return "mlx5_0 of a test"; }
    [[nodiscard]] const fabric::Limits& limits() const noexcept override { return limits_; }
    std::unique_ptr<fabric::MemoryRegion> register_memory(void* address, std::size_t bytes,
                                                          fabric::Access access) override {
        return registrar_.memory(address, bytes, access, nullptr);
    }
    fabric::Registered register_dmabuf(const fabric::DmabufRange& range, fabric::Access access) override {
        return registrar_.dmabuf(range, access, nullptr);
    }
    fabric::Registered register_peer_memory(std::uint64_t address, std::uint64_t bytes, fabric::Access access) override {
        return registrar_.peer_memory(address, bytes, access, nullptr);
    }
    [[nodiscard]] bool takes_pcie_mapping() const noexcept override { return registrar_.takes_pcie_mapping(); }
    [[nodiscard]] int numa_node() const noexcept override { return -1; }
    std::unique_ptr<fabric::CompletionQueue> create_completion_queue(std::uint32_t) override { return nullptr; }
    std::unique_ptr<fabric::ReceiveQueue> create_receive_queue(std::uint32_t) override { return nullptr; }
    std::unique_ptr<fabric::QueuePair> create_queue_pair(const fabric::QueuePairOptions&) override { return nullptr; }
    [[nodiscard]] int wake_descriptor() const noexcept override { return -1; }
    void clear_wakeups() override {}
    std::optional<fabric::AsyncEvent> next_event() override { return std::nullopt; }

private:
    fabric::Limits limits_;
    fabric::verbs::Registrar registrar_;
};

}  // namespace remit::registration::test
