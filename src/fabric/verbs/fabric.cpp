#include "fabric/fabric.hpp"

#include "fabric/verbs/completion_queue.hpp"
#include "fabric/verbs/device.hpp"
#include "fabric/verbs/queue_pair.hpp"
#include "fabric/verbs/receive_queue.hpp"
#include "fabric/verbs/registrar.hpp"

#include <remit/error.hpp>

namespace remit::fabric {
namespace verbs {
namespace {

std::shared_ptr<CompletionQueueCore> core_of(CompletionQueue* queue, const std::shared_ptr<Device>& device) {
    const auto* own = dynamic_cast<VerbsCompletionQueue*>(queue);
    if (own == nullptr || own->core()->device() != device) {
        throw Error(ErrorKind::misuse, "a queue pair needs completion queues of its own fabric");
    }
    return own->core();
}

std::shared_ptr<ReceiveQueueCore> core_of(ReceiveQueue* queue, const std::shared_ptr<Device>& device) {
    if (queue == nullptr) return nullptr;
    const auto* own = dynamic_cast<VerbsReceiveQueue*>(queue);
    if (own == nullptr || own->core()->device != device) {
        throw Error(ErrorKind::misuse, "a queue pair needs a receive queue of its own fabric");
    }
    return own->core();
}

class VerbsFabric final : public Fabric {
public:
    explicit VerbsFabric(const VerbsOptions& options)
        : device_(std::make_shared<Device>(options)),
          registrar_(registration_calls(device_->context()), device_->domain(), device_->name(),
                     options.relaxed_ordering) {}

    [[nodiscard]] std::string_view kind() const noexcept override { return "verbs"; }
    [[nodiscard]] std::string device() const override { return device_->name(); }
    [[nodiscard]] std::string describe() const override { return device_->describe(); }
    [[nodiscard]] const Limits& limits() const noexcept override { return device_->limits(); }

    std::unique_ptr<MemoryRegion> register_memory(void* address, std::size_t bytes, Access access) override {
        return registrar_.memory(address, bytes, access, device_);
    }
    Registered register_dmabuf(const DmabufRange& range, Access access) override {
        return registrar_.dmabuf(range, access, device_);
    }
    Registered register_peer_memory(std::uint64_t address, std::uint64_t bytes, Access access) override {
        return registrar_.peer_memory(address, bytes, access, device_);
    }
    [[nodiscard]] bool takes_pcie_mapping() const noexcept override { return registrar_.takes_pcie_mapping(); }
    [[nodiscard]] int numa_node() const noexcept override { return device_->numa_node(); }
    std::unique_ptr<CompletionQueue> create_completion_queue(std::uint32_t depth) override {
        return std::make_unique<VerbsCompletionQueue>(std::make_shared<CompletionQueueCore>(device_, depth));
    }
    std::unique_ptr<ReceiveQueue> create_receive_queue(std::uint32_t depth) override {
        return std::make_unique<VerbsReceiveQueue>(device_, depth);
    }
    std::unique_ptr<QueuePair> create_queue_pair(const QueuePairOptions& options) override {
        VerbsQueuePair::Parts parts;
        parts.device = device_;
        parts.send_completions = core_of(options.send_completions, device_);
        parts.receive_completions = options.receive_completions == nullptr
                                        ? parts.send_completions
                                        : core_of(options.receive_completions, device_);
        parts.receives = core_of(options.receives, device_);
        return std::make_unique<VerbsQueuePair>(std::move(parts), options.depth);
    }

    [[nodiscard]] int wake_descriptor() const noexcept override { return device_->wake_descriptor(); }
    void clear_wakeups() override { device_->clear_wakeups(); }
    std::optional<AsyncEvent> next_event() override { return device_->next_event(); }

private:
    std::shared_ptr<Device> device_;
    Registrar registrar_;
};

}  // namespace
}  // namespace verbs

std::unique_ptr<Fabric> open_verbs(const VerbsOptions& options) {
    return std::make_unique<verbs::VerbsFabric>(options);
}

}  // namespace remit::fabric
