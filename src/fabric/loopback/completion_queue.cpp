#include "fabric/loopback/completion_queue.hpp"

#include <spdlog/fmt/fmt.h>
#include <remit/error.hpp>

#include <algorithm>

namespace remit::fabric::loopback {
namespace {

void check_depth(const char* what, std::uint32_t depth, std::uint32_t limit) {
    if (depth == 0) throw Error(ErrorKind::bad_argument, fmt::format("a {} of depth 0: it needs an entry", what));
    if (depth <= limit) return;
    throw Error(ErrorKind::environment,
                fmt::format("a {} of {} entries: loopback takes at most {}", what, depth, limit));
}

/// An entry leaves the queue: its slots and its receive may be used again.
void release(const CompletionQueueState::Entry& entry, QueuePairState& owner) {
    owner.used_slots -= std::min(owner.used_slots, entry.freed_slots);
    if (entry.completion.kind == CompletionKind::immediate && owner.receives) --owner.receives->outstanding;
}

}  // namespace

LoopbackCompletionQueue::LoopbackCompletionQueue(std::shared_ptr<Network> network, std::shared_ptr<Port> port,
                                                 std::uint32_t depth)
    : network_(std::move(network)), state_(std::make_shared<CompletionQueueState>()) {
    check_depth("completion queue", depth, limits().max_completions);
    state_->port = std::move(port);
    state_->depth = depth;
}

std::size_t LoopbackCompletionQueue::poll(std::span<Completion> out) {
    const std::lock_guard lock(network_->mutex());
    if (state_->overrun) {
        throw Error(ErrorKind::internal, fmt::format("a completion queue of {} entries overran: make it as deep as all "
                                                     "that may complete into it",
                                                     state_->depth));
    }
    std::size_t taken = 0;
    while (taken < out.size() && !state_->entries.empty()) {
        const CompletionQueueState::Entry& entry = state_->entries.front();
        if (const auto owner = entry.owner.lock()) release(entry, *owner);
        out[taken++] = entry.completion;
        state_->entries.pop_front();
    }
    return taken;
}

void LoopbackCompletionQueue::arm() {
    const std::lock_guard lock(network_->mutex());
    state_->armed = true;
}

LoopbackReceiveQueue::LoopbackReceiveQueue(std::shared_ptr<Network> network, std::shared_ptr<Port> port,
                                           std::uint32_t depth)
    : network_(std::move(network)), state_(std::make_shared<ReceiveQueueState>()) {
    check_depth("receive queue", depth, limits().max_receives);
    state_->port = std::move(port);
    state_->depth = depth;
}

std::uint32_t LoopbackReceiveQueue::post(std::uint32_t count) {
    const std::lock_guard lock(network_->mutex());
    const std::uint32_t accepted = std::min(count, state_->depth - state_->outstanding);
    state_->outstanding += accepted;
    state_->available += accepted;
    return accepted;
}

std::uint32_t LoopbackReceiveQueue::outstanding() const noexcept {
    const std::lock_guard lock(network_->mutex());
    return state_->outstanding;
}

void drop_completions(CompletionQueueState& queue, const QueuePairState& queue_pair) {
    const auto dropped = [&](const CompletionQueueState::Entry& entry) {
        if (entry.completion.queue_pair != queue_pair.local.number) return false;
        if (entry.completion.kind == CompletionKind::immediate && queue_pair.receives) {
            --queue_pair.receives->outstanding;
        }
        return true;
    };
    queue.entries.erase(std::remove_if(queue.entries.begin(), queue.entries.end(), dropped), queue.entries.end());
}

}  // namespace remit::fabric::loopback
