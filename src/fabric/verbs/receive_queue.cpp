#include "fabric/verbs/receive_queue.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace remit::fabric::verbs {
namespace {

constexpr std::uint32_t kBatch = 64;

}  // namespace

VerbsReceiveQueue::VerbsReceiveQueue(std::shared_ptr<Device> device, std::uint32_t depth)
    : core_(std::make_shared<ReceiveQueueCore>()), depth_(depth) {
    const std::uint32_t limit = device->limits().max_receives;
    if (depth == 0) throw Error(ErrorKind::bad_argument, "a receive queue of depth 0: it needs at least one entry");
    if (depth > limit) {
        throw Error(ErrorKind::environment,
                    fmt::format("a receive queue of {} entries: {} takes at most {}; lower the number of sessions or "
                                "of rooms at once",
                                depth, device->name(), limit));
    }
    ibv_srq_init_attr attributes{};
    attributes.attr.max_wr = depth;
    attributes.attr.max_sge = 1;
    core_->device = std::move(device);
    core_->number = core_->device->add_receive_queue();
    core_->device->outstanding(core_->number) = 0;
    core_->handle.reset(ibv_create_srq(core_->device->domain(), &attributes));
    if (!core_->handle) fail(*core_->device, fmt::format("create a receive queue of {} entries", depth), errno);
}

std::uint32_t VerbsReceiveQueue::outstanding() const noexcept {
    return core_->device->outstanding(core_->number);
}

std::uint32_t VerbsReceiveQueue::post(std::uint32_t count) {
    count = std::min(count, depth_ - outstanding());
    std::uint32_t accepted = 0;
    while (accepted < count) {
        const std::uint32_t wanted = std::min(count - accepted, kBatch);
        const std::uint32_t got = post_batch(wanted);
        accepted += got;
        if (got < wanted) break;
    }
    return accepted;
}

std::uint32_t VerbsReceiveQueue::post_batch(std::uint32_t count) {
    std::array<ibv_recv_wr, kBatch> batch{};
    for (std::uint32_t i = 0; i < count; ++i) {
        batch[i].wr_id = kReservedIds | core_->number;
        batch[i].next = i + 1 < count ? &batch[i + 1] : nullptr;
    }
    ibv_recv_wr* bad = nullptr;
    const int error = ibv_post_srq_recv(core_->handle.get(), batch.data(), &bad);
    const auto accepted = error == 0 || bad == nullptr ? count : static_cast<std::uint32_t>(bad - batch.data());
    core_->device->outstanding(core_->number) += accepted;
    return accepted;
}

}  // namespace remit::fabric::verbs
