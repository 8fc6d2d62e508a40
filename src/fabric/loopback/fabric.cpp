#include "fabric/fabric.hpp"

#include "fabric/loopback/completion_queue.hpp"
#include "fabric/loopback/dmabuf_mapping.hpp"
#include "fabric/loopback/network.hpp"
#include "fabric/loopback/queue_pair.hpp"
#include "fabric/registration_error.hpp"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <remit/error.hpp>

#include <bit>
#include <cerrno>

namespace remit::fabric {
namespace loopback {
namespace {

class LoopbackMemoryRegion final : public MemoryRegion {
public:
    LoopbackMemoryRegion(std::shared_ptr<Network> network, RegionState region, DmabufMapping mapping = {})
        : network_(std::move(network)),
          mapping_(std::move(mapping)),
          address_(region.address),
          length_(region.length) {
        const std::lock_guard lock(network_->mutex());
        key_ = network_->add(std::move(region));
    }
    ~LoopbackMemoryRegion() override {
        const std::lock_guard lock(network_->mutex());
        network_->remove_region(key_);
    }
    LoopbackMemoryRegion(const LoopbackMemoryRegion&) = delete;
    LoopbackMemoryRegion& operator=(const LoopbackMemoryRegion&) = delete;

    [[nodiscard]] std::uint64_t address() const noexcept override { return address_; }
    [[nodiscard]] std::uint64_t length() const noexcept override { return length_; }
    [[nodiscard]] std::uint32_t local_key() const noexcept override { return key_; }
    [[nodiscard]] std::uint32_t remote_key() const noexcept override { return key_; }

private:
    std::shared_ptr<Network> network_;
    DmabufMapping mapping_;  ///< outlives the region's place in the network
    std::uint64_t address_;
    std::uint64_t length_;
    std::uint32_t key_ = 0;
};

std::shared_ptr<CompletionQueueState> state_of(CompletionQueue* queue, const std::shared_ptr<Port>& port) {
    const auto* own = dynamic_cast<LoopbackCompletionQueue*>(queue);
    if (own == nullptr || own->state()->port != port) {
        throw Error(ErrorKind::misuse, "a queue pair needs completion queues of its own fabric");
    }
    return own->state();
}

std::shared_ptr<ReceiveQueueState> state_of(ReceiveQueue* queue, const std::shared_ptr<Port>& port) {
    if (queue == nullptr) return nullptr;
    const auto* own = dynamic_cast<LoopbackReceiveQueue*>(queue);
    if (own == nullptr || own->state()->port != port) {
        throw Error(ErrorKind::misuse, "a queue pair needs a receive queue of its own fabric");
    }
    return own->state();
}

class LoopbackFabric final : public Fabric {
public:
    explicit LoopbackFabric(std::shared_ptr<Network> network) : network_(std::move(network)) {
        const std::lock_guard lock(network_->mutex());
        port_ = network_->add_port();
    }

    [[nodiscard]] std::string_view kind() const noexcept override { return "loopback"; }
    [[nodiscard]] std::string device() const override { return port_->name; }
    [[nodiscard]] std::string describe() const override { return port_->name + " (inside this process)"; }
    [[nodiscard]] const Limits& limits() const noexcept override { return loopback::limits(); }

    std::unique_ptr<MemoryRegion> register_memory(void* address, std::size_t bytes, Access access) override {
        if (bytes == 0) throw Error(ErrorKind::bad_argument, "a memory region of 0 bytes: register at least one");
        if (address == nullptr) {
            throw Error(ErrorKind::environment, registration_error_text(address, bytes, EFAULT, RLIM_INFINITY));
        }
        const std::uint64_t first = std::bit_cast<std::uintptr_t>(address);
        return std::make_unique<LoopbackMemoryRegion>(network_, RegionState{port_, first, bytes, access, first});
    }
    Registered register_dmabuf(const DmabufRange& range, Access access) override {
        check(range);
        // Bytes are moved by the CPU: a dma-buf that it can map will do. Those of GPUs refuse that.
        Registered result;
        DmabufMapping mapping(range);
        if (!mapping.valid()) {
            result.error = mapping.error();
            result.unsupported = result.error == ENODEV || result.error == EOPNOTSUPP;
            result.refusal = refusal_text("mmap", "of a dma-buf for the loopback fabric, which copies with the CPU", result.error);
            return result;
        }
        const std::uint64_t data = mapping.data();
        result.region = std::make_unique<LoopbackMemoryRegion>(
            network_, RegionState{port_, range.address, range.bytes, access, data}, std::move(mapping));
        return result;
    }
    Registered register_peer_memory(std::uint64_t, std::uint64_t bytes, Access) override {
        if (bytes == 0) throw Error(ErrorKind::bad_argument, "a memory region of 0 bytes: register at least one");
        Registered result;
        result.unsupported = true;
        result.error = EOPNOTSUPP;
        result.refusal = "the loopback fabric copies with the CPU, which cannot read memory of a device";
        return result;
    }
    [[nodiscard]] bool takes_pcie_mapping() const noexcept override { return false; }
    [[nodiscard]] int numa_node() const noexcept override { return -1; }
    std::unique_ptr<CompletionQueue> create_completion_queue(std::uint32_t depth) override {
        return std::make_unique<LoopbackCompletionQueue>(network_, port_, depth);
    }
    std::unique_ptr<ReceiveQueue> create_receive_queue(std::uint32_t depth) override {
        return std::make_unique<LoopbackReceiveQueue>(network_, port_, depth);
    }
    std::unique_ptr<QueuePair> create_queue_pair(const QueuePairOptions& options) override {
        auto state = std::make_shared<QueuePairState>();
        state->port = port_;
        state->send_completions = state_of(options.send_completions, port_);
        state->receive_completions = options.receive_completions == nullptr
                                         ? state->send_completions
                                         : state_of(options.receive_completions, port_);
        state->receives = state_of(options.receives, port_);
        state->depth = options.depth;
        return std::make_unique<LoopbackQueuePair>(network_, std::move(state));
    }

    [[nodiscard]] int wake_descriptor() const noexcept override { return port_->wakeups.get(); }
    void clear_wakeups() override {
        eventfd_t count = 0;
        static_cast<void>(::eventfd_read(port_->wakeups.get(), &count));
    }
    std::optional<AsyncEvent> next_event() override {
        const std::lock_guard lock(network_->mutex());
        if (port_->events.empty()) return std::nullopt;
        AsyncEvent event = std::move(port_->events.front());
        port_->events.pop_front();
        return event;
    }

private:
    std::shared_ptr<Network> network_;
    std::shared_ptr<Port> port_;
};

}  // namespace
}  // namespace loopback

std::unique_ptr<Fabric> open_loopback(const std::string& network) {
    return std::make_unique<loopback::LoopbackFabric>(loopback::Network::find(network));
}

}  // namespace remit::fabric
