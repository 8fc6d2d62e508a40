#include "fabric/verbs/queue_pair.hpp"

#include "fabric/verbs/queue_pair_states.hpp"

#include <arpa/inet.h>
#include <remit/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <random>

namespace remit::fabric::verbs {
namespace {

// Enough for an aux, and for the ids and positions of a handful of tokens; more would only make send queues larger.
constexpr std::uint32_t kInlineBytes = 220;

ibv_wr_opcode opcode_of(Opcode opcode) {
    switch (opcode) {
        case Opcode::write: return IBV_WR_RDMA_WRITE;
        case Opcode::write_with_immediate: return IBV_WR_RDMA_WRITE_WITH_IMM;
        case Opcode::read: return IBV_WR_RDMA_READ;
    }
    return IBV_WR_RDMA_WRITE;
}

}  // namespace

VerbsQueuePair::VerbsQueuePair(Parts parts, std::uint32_t depth) : parts_(std::move(parts)), depth_(depth) {
    const std::uint32_t limit = parts_.device->limits().max_queue_depth;
    if (depth == 0) throw Error(ErrorKind::bad_argument, "a queue pair of depth 0: it needs at least one request");
    if (depth > limit) {
        throw Error(ErrorKind::environment,
                    fmt::format("a queue pair of depth {}: {} takes at most {}", depth, parts_.device->name(), limit));
    }
    create(depth);
    const Device& device = *parts_.device;
    local_.number = handle_->qp_num;
    local_.psn = std::random_device{}() & 0xffffff;
    local_.mtu = device.mtu();
    local_.lid = device.port().lid;
    local_.gid = device.gid().gid;
    to_init(device, handle_.get());
}

void VerbsQueuePair::create(std::uint32_t depth) {
    ibv_qp_init_attr attributes{};
    attributes.send_cq = parts_.send_completions->handle();
    attributes.recv_cq = parts_.receive_completions->handle();
    attributes.srq = parts_.receives ? parts_.receives->handle.get() : nullptr;
    attributes.qp_type = IBV_QPT_RC;
    attributes.cap.max_send_wr = depth;
    attributes.cap.max_send_sge = parts_.device->limits().max_pieces;
    attributes.cap.max_recv_wr = parts_.receives ? 0 : 1;  // some providers refuse a queue of nothing
    attributes.cap.max_recv_sge = parts_.receives ? 0 : 1;
    attributes.cap.max_inline_data = kInlineBytes;
    handle_.reset(ibv_create_qp(parts_.device->domain(), &attributes));
    if (!handle_) {  // some devices inline less, or nothing
        attributes.cap.max_inline_data = 0;
        handle_.reset(ibv_create_qp(parts_.device->domain(), &attributes));
    }
    inline_bytes_ = attributes.cap.max_inline_data;
    if (!handle_) fail(*parts_.device, fmt::format("create a queue pair of depth {}", depth), errno);
}

VerbsQueuePair::~VerbsQueuePair() {
    const std::uint32_t number = local_.number;
    if (handle_) static_cast<void>(to_error_state(handle_.get()));
    parts_.send_completions->drop(number);
    parts_.receive_completions->drop(number);
    handle_.reset();
    parts_.send_completions->drop(number);
    parts_.receive_completions->drop(number);
}

void VerbsQueuePair::connect(const QueuePairAddress& remote) {
    if (state_ != State::created) {
        throw Error(ErrorKind::misuse, fmt::format("queue pair {} was connected before: a queue pair serves one peer, "
                                                   "create another",
                                                   local_.number));
    }
    to_ready_to_receive(*parts_.device, handle_.get(), local_, remote);
    to_ready_to_send(*parts_.device, handle_.get(), local_);
    state_ = State::connected;
}

std::size_t VerbsQueuePair::acceptable(std::span<const WorkRequest> chain) const {
    const std::size_t max_pieces = parts_.device->limits().max_pieces;
    const auto bad = std::find_if(chain.begin(), chain.end(), [&](const WorkRequest& request) {
        return request.id >= kReservedIds || request.pieces.size() > max_pieces;
    });
    return static_cast<std::size_t>(bad - chain.begin());
}

/// Read by the CPU while it posts: the device saves a read of its own.
bool VerbsQueuePair::goes_inline(const WorkRequest& request) const noexcept {
    if (!request.may_inline || request.opcode == Opcode::read || request.pieces.empty()) return false;
    std::uint64_t bytes = 0;
    for (const Piece& piece : request.pieces) bytes += piece.bytes;
    return bytes <= inline_bytes_;
}

void VerbsQueuePair::translate(std::span<const WorkRequest> chain) {
    std::size_t total_pieces = 0;
    for (const WorkRequest& request : chain) total_pieces += request.pieces.size();
    requests_.assign(chain.size(), ibv_send_wr{});
    pieces_.clear();
    pieces_.reserve(total_pieces);  // the requests point into it: it must not move below
    for (std::size_t i = 0; i < chain.size(); ++i) {
        const WorkRequest& request = chain[i];
        ibv_send_wr& wr = requests_[i];
        wr.wr_id = request.id;
        wr.next = i + 1 < chain.size() ? &requests_[i + 1] : nullptr;
        wr.sg_list = pieces_.data() + pieces_.size();
        wr.num_sge = static_cast<int>(request.pieces.size());
        wr.opcode = opcode_of(request.opcode);
        if (request.signaled) wr.send_flags = IBV_SEND_SIGNALED;
        if (goes_inline(request)) wr.send_flags |= IBV_SEND_INLINE;
        wr.imm_data = htonl(request.immediate);
        wr.wr.rdma.remote_addr = request.remote_address;
        wr.wr.rdma.rkey = request.remote_key;
        for (const Piece& piece : request.pieces) pieces_.push_back({piece.address, piece.bytes, piece.local_key});
    }
}

PostResult VerbsQueuePair::post(std::span<const WorkRequest> chain) {
    if (state_ != State::connected) return {PostStatus::error, 0, ENOTCONN};
    if (chain.empty()) return {};
    const std::size_t valid = acceptable(chain);
    const std::size_t wanted = std::min<std::size_t>(valid, depth_);
    PostResult result{PostStatus::ok, wanted, 0};
    if (wanted > 0) {
        translate(chain.first(wanted));
        ibv_send_wr* bad = nullptr;
        const int error = std::abs(ibv_post_send(handle_.get(), requests_.data(), &bad));
        if (error != 0) {
            // Without a bad request the provider queued all and failed at the doorbell: they may still be carried out.
            if (bad != nullptr) result.accepted = static_cast<std::size_t>(bad - requests_.data());
            result.status = error == ENOMEM ? PostStatus::full : PostStatus::error;
            result.error = error;
            return result;
        }
    }
    if (wanted == chain.size()) return result;
    if (wanted == valid) return {PostStatus::error, wanted, EINVAL};  // the next one is malformed
    return {PostStatus::full, wanted, ENOMEM};
}

void VerbsQueuePair::to_error() noexcept {
    state_ = State::error;
    if (const int error = to_error_state(handle_.get()); error != 0) {
        log().error("cannot move queue pair {} to ERR: {} ({})", local_.number, std::generic_category().message(error),
                    error);
    }
}

}  // namespace remit::fabric::verbs
