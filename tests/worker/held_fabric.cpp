#include "held_fabric.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace remit::worker::test {
namespace {

class Region final : public fabric::MemoryRegion {
public:
    Region(std::uint64_t address, std::uint64_t length) : address_(address), length_(length) {}
    [[nodiscard]] std::uint64_t address() const noexcept override { return address_; }
    [[nodiscard]] std::uint64_t length() const noexcept override { return length_; }
    [[nodiscard]] std::uint32_t local_key() const noexcept override { return 1; }
    [[nodiscard]] std::uint32_t remote_key() const noexcept override { return 2; }

private:
    std::uint64_t address_;
    std::uint64_t length_;
};

class CompletionQueue final : public fabric::CompletionQueue {
public:
    explicit CompletionQueue(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
    std::size_t poll(std::span<fabric::Completion> out) override {
        const std::size_t count = std::min(out.size(), entries_->size());
        const auto end = entries_->begin() + static_cast<std::ptrdiff_t>(count);
        std::copy(entries_->begin(), end, out.begin());
        entries_->erase(entries_->begin(), end);
        return count;
    }
    void arm() override {
        if (!wire_->can_arm) throw Error(ErrorKind::internal, "cannot arm a completion queue");
        ++wire_->arms;
    }
    [[nodiscard]] const std::shared_ptr<std::vector<fabric::Completion>>& entries() const { return entries_; }

private:
    std::shared_ptr<Wire> wire_;
    std::shared_ptr<std::vector<fabric::Completion>> entries_ = std::make_shared<std::vector<fabric::Completion>>();
};

class QueuePair final : public fabric::QueuePair {
public:
    QueuePair(std::shared_ptr<Wire> wire, const fabric::QueuePairOptions& options)
        : wire_(std::move(wire)), depth_(options.depth) {
        local_.number = static_cast<std::uint32_t>(wire_->in_flight.size());
        wire_->in_flight.emplace_back();
        wire_->completions.push_back(dynamic_cast<CompletionQueue&>(*options.send_completions).entries());
    }
    ~QueuePair() override { wire_->in_flight[local_.number].clear(); }
    [[nodiscard]] const QueuePairAddress& local() const noexcept override { return local_; }
    void connect(const QueuePairAddress&) override {}
    void to_error() noexcept override {}

    fabric::PostResult post(std::span<const fabric::WorkRequest> chain) override {
        ++wire_->doorbells;
        std::vector<Request>& queue = wire_->in_flight[local_.number];
        for (std::size_t i = 0; i < chain.size(); ++i) {
            if (queue.size() == depth_) return {fabric::PostStatus::full, i, 0};
            if (wire_->accepts == 0U) return {wire_->refusal, i, ENOMEM};
            if (wire_->accepts) --*wire_->accepts;
            queue.push_back(request_of(chain[i]));
            if (wire_->keeps_posted) wire_->posted.push_back(queue.back());
        }
        return {fabric::PostStatus::ok, chain.size(), 0};
    }

private:
    [[nodiscard]] Request request_of(const fabric::WorkRequest& r) const {
        std::uint64_t bytes = 0;
        for (const fabric::Piece& piece : r.pieces) bytes += piece.bytes;
        return {local_.number,    r.id,         r.opcode,    r.signaled,     bytes,
                r.remote_address, r.remote_key, r.immediate, r.pieces.size()};
    }

    std::shared_ptr<Wire> wire_;
    std::uint32_t depth_;
    QueuePairAddress local_;
};

}  // namespace

std::unique_ptr<fabric::MemoryRegion> HeldFabric::register_memory(void* address, std::size_t bytes, fabric::Access) {
    return std::make_unique<Region>(reinterpret_cast<std::uintptr_t>(address), bytes);
}

std::unique_ptr<fabric::CompletionQueue> HeldFabric::create_completion_queue(std::uint32_t) {
    return std::make_unique<CompletionQueue>(wire_);
}

std::unique_ptr<fabric::QueuePair> HeldFabric::create_queue_pair(const fabric::QueuePairOptions& options) {
    return std::make_unique<QueuePair>(wire_, options);
}

std::optional<Request> HeldFabric::deliver(std::uint32_t queue_pair) {
    std::vector<Request>& queue = wire_->in_flight[queue_pair];
    if (queue.empty()) return std::nullopt;
    const Request request = queue.front();
    queue.erase(queue.begin());
    if (request.signaled) {
        fabric::Completion completion;
        completion.id = request.id;
        completion.queue_pair = queue_pair;
        completion.ok = true;
        wire_->completions[queue_pair]->push_back(completion);
    }
    return request;
}

void HeldFabric::deliver_all() {
    for (std::uint32_t i = 0; i < wire_->in_flight.size(); ++i) {
        while (deliver(i)) {
        }
    }
}

}  // namespace remit::worker::test
