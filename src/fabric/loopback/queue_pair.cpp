#include "fabric/loopback/queue_pair.hpp"

#include "fabric/loopback/completion_queue.hpp"
#include "fabric/loopback/delivery.hpp"

#include <spdlog/fmt/fmt.h>
#include <remit/error.hpp>

#include <cerrno>

namespace remit::fabric::loopback {

using Mode = QueuePairState::Mode;

LoopbackQueuePair::LoopbackQueuePair(std::shared_ptr<Network> network, std::shared_ptr<QueuePairState> state)
    : network_(std::move(network)), state_(std::move(state)) {
    if (state_->depth == 0) {
        throw Error(ErrorKind::bad_argument, "a queue pair of depth 0: it needs at least one request");
    }
    if (state_->depth > limits().max_queue_depth) {
        throw Error(ErrorKind::environment, fmt::format("a queue pair of depth {}: loopback takes at most {}",
                                                        state_->depth, limits().max_queue_depth));
    }
    const std::lock_guard lock(network_->mutex());
    network_->add(state_);
}

LoopbackQueuePair::~LoopbackQueuePair() {
    const std::lock_guard lock(network_->mutex());
    state_->mode = Mode::closed;
    network_->remove_queue_pair(state_->local.number);
    drop_completions(*state_->send_completions, *state_);
    if (state_->receive_completions != state_->send_completions) {
        drop_completions(*state_->receive_completions, *state_);
    }
}

void LoopbackQueuePair::connect(const QueuePairAddress& remote) {
    const std::lock_guard lock(network_->mutex());
    if (state_->mode != Mode::created) {
        throw Error(ErrorKind::misuse, fmt::format("queue pair {} was connected before: a queue pair serves one peer, "
                                                   "create another",
                                                   state_->local.number));
    }
    if (remote.gid != network_->gid()) {
        throw Error(ErrorKind::environment,
                    fmt::format("the peer is not in the loopback network \"{}\" of this process: loopback reaches no "
                                "other process; use --fabric verbs on both sides",
                                network_->name()));
    }
    state_->remote = remote;
    state_->mode = Mode::connected;
}

PostResult LoopbackQueuePair::post(std::span<const WorkRequest> chain) {
    const std::lock_guard lock(network_->mutex());
    if (state_->mode == Mode::created || state_->mode == Mode::closed) return {PostStatus::error, 0, ENOTCONN};
    PostResult result;
    for (const WorkRequest& request : chain) {
        if (request.id >= kReservedIds || request.pieces.size() > limits().max_pieces) {
            return {PostStatus::error, result.accepted, EINVAL};
        }
        if (state_->used_slots == state_->depth) return {PostStatus::full, result.accepted, ENOMEM};
        ++state_->used_slots;
        ++result.accepted;
        execute(*network_, state_, request);
    }
    return result;
}

void LoopbackQueuePair::to_error() noexcept {
    const std::lock_guard lock(network_->mutex());
    // Work is carried out as it is posted, so nothing is outstanding that could be flushed.
    state_->mode = Mode::closed;
}

}  // namespace remit::fabric::loopback
