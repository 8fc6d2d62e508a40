#include "fabric/rails.hpp"

#include "base/descriptor.hpp"

#include <sys/epoll.h>
#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace remit::fabric {
namespace {

class RailsRegion final : public MemoryRegion {
public:
    explicit RailsRegion(std::vector<std::unique_ptr<MemoryRegion>> rails) : rails_(std::move(rails)) {}
    [[nodiscard]] std::uint64_t address() const noexcept override { return rails_[0]->address(); }
    [[nodiscard]] std::uint64_t length() const noexcept override { return rails_[0]->length(); }
    [[nodiscard]] std::uint32_t local_key() const noexcept override { return rails_[0]->local_key(); }
    [[nodiscard]] std::uint32_t remote_key() const noexcept override { return rails_[0]->remote_key(); }
    [[nodiscard]] std::uint32_t rails() const noexcept override { return static_cast<std::uint32_t>(rails_.size()); }
    [[nodiscard]] std::uint32_t local_key_on(std::uint32_t rail) const noexcept override {
        return rails_[rail]->local_key();
    }
    [[nodiscard]] std::uint32_t remote_key_on(std::uint32_t rail) const noexcept override {
        return rails_[rail]->remote_key();
    }

private:
    std::vector<std::unique_ptr<MemoryRegion>> rails_;
};

class RailsCompletionQueue final : public CompletionQueue {
public:
    explicit RailsCompletionQueue(std::vector<std::unique_ptr<CompletionQueue>> rails) : rails_(std::move(rails)) {}

    /// Begins with another rail each time, so that a busy one does not keep the others waiting.
    std::size_t poll(std::span<Completion> out) override {
        std::size_t taken = 0;
        for (std::size_t i = 0; i < rails_.size() && taken < out.size(); ++i) {
            const std::size_t rail = (first_ + i) % rails_.size();
            const std::size_t end = taken + rails_[rail]->poll(out.subspan(taken));
            for (; taken < end; ++taken) {
                out[taken].queue_pair = rail_number(static_cast<std::uint32_t>(rail), out[taken].queue_pair);
            }
        }
        first_ = (first_ + 1) % rails_.size();
        return taken;
    }
    void arm() override {
        for (auto& rail : rails_) rail->arm();
    }
    [[nodiscard]] CompletionQueue* on(std::uint32_t rail) { return rails_[rail].get(); }

private:
    std::vector<std::unique_ptr<CompletionQueue>> rails_;
    std::size_t first_ = 0;
};

class RailsReceiveQueue final : public ReceiveQueue {
public:
    explicit RailsReceiveQueue(std::vector<std::unique_ptr<ReceiveQueue>> rails) : rails_(std::move(rails)) {}

    std::uint32_t post(std::uint32_t count) override {
        std::uint32_t accepted = 0;
        for (auto& rail : rails_) {
            const std::uint32_t room = rail->depth() - rail->outstanding();
            const std::uint32_t wanted = std::min(count - accepted, room);
            if (wanted > 0) accepted += rail->post(wanted);
        }
        return accepted;
    }
    [[nodiscard]] std::uint32_t depth() const noexcept override { return sum(&ReceiveQueue::depth); }
    [[nodiscard]] std::uint32_t outstanding() const noexcept override { return sum(&ReceiveQueue::outstanding); }
    [[nodiscard]] ReceiveQueue* on(std::uint32_t rail) { return rails_[rail].get(); }

private:
    [[nodiscard]] std::uint32_t sum(std::uint32_t (ReceiveQueue::*value)() const noexcept) const noexcept {
        std::uint32_t all = 0;
        for (const auto& rail : rails_) all += ((*rail).*value)();
        return all;
    }
    std::vector<std::unique_ptr<ReceiveQueue>> rails_;
};

/// A queue pair of one rail, which its address names.
class RailQueuePair final : public QueuePair {
public:
    RailQueuePair(std::unique_ptr<QueuePair> inner, std::uint32_t rail)
        : inner_(std::move(inner)), local_(inner_->local()) {
        local_.rail = rail;
    }
    [[nodiscard]] const QueuePairAddress& local() const noexcept override { return local_; }
    void connect(const QueuePairAddress& remote) override { inner_->connect(remote); }
    PostResult post(std::span<const WorkRequest> chain) override { return inner_->post(chain); }
    void to_error() noexcept override { inner_->to_error(); }

private:
    std::unique_ptr<QueuePair> inner_;
    QueuePairAddress local_;
};

class RailsFabric final : public Fabric {
public:
    explicit RailsFabric(std::vector<std::unique_ptr<Fabric>> rails)
        : rails_(std::move(rails)), limits_(rails_[0]->limits()), wake_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (const auto& rail : rails_) {
            const Limits& l = rail->limits();
            limits_ = {std::min(limits_.max_message, l.max_message), std::min(limits_.max_pieces, l.max_pieces),
                       std::min(limits_.max_queue_depth, l.max_queue_depth),
                       std::min(limits_.max_completions, l.max_completions),
                       std::min(limits_.max_receives, l.max_receives)};
            watch(rail->wake_descriptor());
        }
    }

    [[nodiscard]] std::string_view kind() const noexcept override { return rails_[0]->kind(); }
    [[nodiscard]] std::string device() const override { return joined(",", &Fabric::device); }
    [[nodiscard]] std::string describe() const override { return joined(" + ", &Fabric::describe); }
    [[nodiscard]] const Limits& limits() const noexcept override { return limits_; }
    [[nodiscard]] std::uint32_t rails() const noexcept override { return static_cast<std::uint32_t>(rails_.size()); }
    [[nodiscard]] std::string device_on(std::uint32_t rail) const override { return rails_[rail]->device(); }

    std::unique_ptr<MemoryRegion> register_memory(void* address, std::size_t bytes, Access access) override {
        std::vector<std::unique_ptr<MemoryRegion>> regions;
        for (auto& rail : rails_) regions.push_back(rail->register_memory(address, bytes, access));
        return std::make_unique<RailsRegion>(std::move(regions));
    }
    Registered register_dmabuf(const DmabufRange& range, Access access) override {
        return register_on_all([&](Fabric& rail) { return rail.register_dmabuf(range, access); });
    }
    Registered register_peer_memory(std::uint64_t address, std::uint64_t bytes, Access access) override {
        return register_on_all([&](Fabric& rail) { return rail.register_peer_memory(address, bytes, access); });
    }
    [[nodiscard]] bool takes_pcie_mapping() const noexcept override {
        return std::all_of(rails_.begin(), rails_.end(), [](const auto& rail) { return rail->takes_pcie_mapping(); });
    }
    [[nodiscard]] int numa_node() const noexcept override { return rails_[0]->numa_node(); }

    std::unique_ptr<CompletionQueue> create_completion_queue(std::uint32_t depth) override {
        std::vector<std::unique_ptr<CompletionQueue>> queues;
        for (auto& rail : rails_) queues.push_back(rail->create_completion_queue(depth));
        return std::make_unique<RailsCompletionQueue>(std::move(queues));
    }
    /// As deep on each: a round has an immediate on every queue pair, whichever rail that is on.
    std::unique_ptr<ReceiveQueue> create_receive_queue(std::uint32_t depth) override {
        std::vector<std::unique_ptr<ReceiveQueue>> queues;
        for (auto& rail : rails_) queues.push_back(rail->create_receive_queue(depth));
        return std::make_unique<RailsReceiveQueue>(std::move(queues));
    }
    std::unique_ptr<QueuePair> create_queue_pair(const QueuePairOptions& options) override {
        if (options.rail >= rails_.size()) {
            throw Error(ErrorKind::bad_argument, fmt::format("a queue pair on rail {}: there are {}", options.rail, rails_.size()));
        }
        QueuePairOptions inner = options;
        inner.rail = 0;
        inner.send_completions = on<RailsCompletionQueue>(options.send_completions, options.rail);
        inner.receive_completions = on<RailsCompletionQueue>(options.receive_completions, options.rail);
        inner.receives = on<RailsReceiveQueue>(options.receives, options.rail);
        return std::make_unique<RailQueuePair>(rails_[options.rail]->create_queue_pair(inner), options.rail);
    }

    [[nodiscard]] int wake_descriptor() const noexcept override { return wake_.get(); }
    void clear_wakeups() override {
        for (auto& rail : rails_) rail->clear_wakeups();
    }
    std::optional<AsyncEvent> next_event() override {
        for (std::size_t rail = 0; rail < rails_.size(); ++rail) {
            auto event = rails_[rail]->next_event();
            if (!event) continue;
            event->queue_pair = rail_number(static_cast<std::uint32_t>(rail), event->queue_pair);
            return event;
        }
        return std::nullopt;
    }

private:
    void watch(int descriptor) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = descriptor;
        if (wake_.valid() && ::epoll_ctl(wake_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0) return;
        throw Error(ErrorKind::environment,
                    fmt::format("cannot watch {}: {}; raise `ulimit -n`", device(), std::strerror(errno)));
    }

    /// Refused by one is refused by all: a piece of memory must be reachable over every rail.
    template <class Register>
    Registered register_on_all(Register register_on) {
        std::vector<std::unique_ptr<MemoryRegion>> regions;
        for (auto& rail : rails_) {
            Registered done = register_on(*rail);
            if (!done.region) return done;
            regions.push_back(std::move(done.region));
        }
        Registered all;
        all.region = std::make_unique<RailsRegion>(std::move(regions));
        return all;
    }

    template <class Queues, class Queue>
    static Queue* on(Queue* queue, std::uint32_t rail) {
        if (queue == nullptr) return nullptr;
        auto* own = dynamic_cast<Queues*>(queue);
        if (own == nullptr) throw Error(ErrorKind::misuse, "a queue pair needs queues of its own fabric");
        return own->on(rail);
    }

    [[nodiscard]] std::string joined(std::string_view separator, std::string (Fabric::*word)() const) const {
        std::string text;
        for (const auto& rail : rails_) {
            if (!text.empty()) text += separator;
            text += ((*rail).*word)();
        }
        return text;
    }

    std::vector<std::unique_ptr<Fabric>> rails_;
    Limits limits_;
    Descriptor wake_;
};

}  // namespace

std::unique_ptr<Fabric> join_rails(std::vector<std::unique_ptr<Fabric>> rails) {
    if (rails.empty() || rails.size() > kMaxRails) {
        throw Error(ErrorKind::bad_argument, fmt::format("{} rails; permitted: 1 to {}", rails.size(), kMaxRails));
    }
    if (rails.size() == 1) return std::move(rails[0]);
    return std::make_unique<RailsFabric>(std::move(rails));
}

}  // namespace remit::fabric
