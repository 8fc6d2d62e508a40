#pragma once

#include "fabric/fabric.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A fabric whose wire stands still until the test moves it: what was posted, in which order and with how many
/// doorbells, can be counted exactly. It carries no bytes.
namespace remit::worker::test {

/// One accepted work request.
struct Request {
    std::uint32_t queue_pair = 0;
    std::uint64_t id = 0;
    fabric::Opcode opcode = fabric::Opcode::write;
    bool signaled = false;
    std::uint64_t bytes = 0;
    std::uint64_t remote_address = 0;
    std::uint32_t remote_key = 0;
    std::uint32_t immediate = 0;
    std::size_t pieces = 0;
};

/// What all objects of a fabric share.
struct Wire {
    std::vector<Request> posted;                 ///< since the start, in order, all queue pairs
    std::vector<std::vector<Request>> in_flight; ///< by queue pair
    std::vector<std::shared_ptr<std::vector<fabric::Completion>>> completions; ///< not polled yet, by queue pair
    bool keeps_posted = true;                    ///< false: posted stays as it is
    std::uint64_t doorbells = 0;
    std::optional<std::size_t> accepts{};        ///< requests that are taken from now on; then the provider refuses
    fabric::PostStatus refusal = fabric::PostStatus::full;
    std::uint64_t arms = 0;
    bool can_arm = true;  ///< false: the device is gone
    fabric::Limits limits{1u << 30, 16, 1024, 65536, 1024};
};

class HeldFabric final : public fabric::Fabric {
public:
    HeldFabric() = default;
    [[nodiscard]] Wire& wire() noexcept { return *wire_; }
    /// The oldest request of a queue pair is at the peer; what it was, or nothing.
    std::optional<Request> deliver(std::uint32_t queue_pair = 0);
    /// All of them, on every queue pair.
    void deliver_all();

    [[nodiscard]] std::string_view kind() const noexcept override { return "held"; }
    [[nodiscard]] std::string device() const override { return "held"; }
    [[nodiscard]] std::string describe() const override { return "held"; }
    [[nodiscard]] const fabric::Limits& limits() const noexcept override { return wire_->limits; }
    std::unique_ptr<fabric::MemoryRegion> register_memory(void* address, std::size_t bytes, fabric::Access) override;
    fabric::Registered register_dmabuf(const fabric::DmabufRange&, fabric::Access) override { return {}; }
    fabric::Registered register_peer_memory(std::uint64_t, std::uint64_t, fabric::Access) override { return {}; }
    [[nodiscard]] bool takes_pcie_mapping() const noexcept override { return false; }
    [[nodiscard]] int numa_node() const noexcept override { return -1; }
    std::unique_ptr<fabric::CompletionQueue> create_completion_queue(std::uint32_t) override;
    std::unique_ptr<fabric::ReceiveQueue> create_receive_queue(std::uint32_t) override { return nullptr; }
    std::unique_ptr<fabric::QueuePair> create_queue_pair(const fabric::QueuePairOptions& options) override;
    [[nodiscard]] int wake_descriptor() const noexcept override { return -1; }
    void clear_wakeups() override {}
    std::optional<fabric::AsyncEvent> next_event() override { return std::nullopt; }

private:
    std::shared_ptr<Wire> wire_ = std::make_shared<Wire>();
};

}  // namespace remit::worker::test
