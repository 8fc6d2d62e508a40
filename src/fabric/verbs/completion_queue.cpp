#include "fabric/verbs/completion_queue.hpp"

#include <arpa/inet.h>
#include <remit/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace remit::fabric::verbs {

CompletionQueueCore::CompletionQueueCore(std::shared_ptr<Device> device, std::uint32_t depth)
    : device_(std::move(device)) {
    const std::uint32_t limit = device_->limits().max_completions;
    if (depth == 0) throw Error(ErrorKind::bad_argument, "a completion queue of depth 0: it needs at least one entry");
    if (depth > limit) {
        throw Error(ErrorKind::environment,
                    fmt::format("a completion queue of {} entries: {} takes at most {}; lower the queue depths or the "
                                "number of sessions",
                                depth, device_->name(), limit));
    }
    handle_.reset(ibv_create_cq(device_->context(), static_cast<int>(depth), nullptr, device_->channel(), 0));
    if (!handle_) fail(*device_, fmt::format("create a completion queue of {} entries", depth), errno);
}

std::size_t CompletionQueueCore::poll(std::span<Completion> out) {
    std::size_t taken = 0;
    for (; taken < out.size() && !kept_.empty(); ++taken) {
        out[taken] = kept_.front();
        kept_.pop_front();
    }
    return taken + poll_device(out.subspan(taken));
}

std::size_t CompletionQueueCore::poll_device(std::span<Completion> out) {
    std::array<ibv_wc, 32> batch;
    std::size_t taken = 0;
    while (taken < out.size()) {
        const auto wanted = static_cast<int>(std::min(batch.size(), out.size() - taken));
        const int got = ibv_poll_cq(handle(), wanted, batch.data());
        if (got < 0) {
            throw Error(ErrorKind::internal, fmt::format("a completion queue of {} entries on {} is broken ({}): it "
                                                         "overran or the device failed",
                                                         handle()->cqe, device_->name(), got));
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) out[taken++] = translate(batch[i]);
        if (got < wanted) break;
    }
    return taken;
}

Completion CompletionQueueCore::translate(const ibv_wc& wc) {
    Completion completion;
    completion.id = wc.wr_id;
    completion.queue_pair = wc.qp_num;
    completion.ok = wc.status == IBV_WC_SUCCESS;
    completion.status = static_cast<std::uint32_t>(wc.status);
    completion.vendor_error = completion.ok ? 0 : wc.vendor_err;
    // From the identifier, not the opcode: of a failed completion the opcode means nothing.
    if (wc.wr_id >= kReservedIds) {
        completion.kind = CompletionKind::immediate;
        std::uint32_t& outstanding = device_->outstanding(static_cast<std::uint32_t>(wc.wr_id));
        if (outstanding > 0) --outstanding;
    }
    if (completion.ok && (wc.wc_flags & IBV_WC_WITH_IMM) != 0) completion.immediate = ntohl(wc.imm_data);
    return completion;
}

void CompletionQueueCore::arm() {
    if (const int error = ibv_req_notify_cq(handle(), 0); error != 0) {
        throw Error(ErrorKind::internal, fmt::format("cannot arm a completion queue on {}: {}", device_->name(),
                                                     std::generic_category().message(error)));
    }
}

void CompletionQueueCore::drop(std::uint32_t queue_pair) noexcept {
    const auto belongs = [&](const Completion& completion) { return completion.queue_pair == queue_pair; };
    kept_.erase(std::remove_if(kept_.begin(), kept_.end(), belongs), kept_.end());
    try {
        std::array<Completion, 32> batch;
        std::size_t got = batch.size();
        while (got == batch.size()) {
            got = poll_device(batch);
            std::remove_copy_if(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(got),
                                std::back_inserter(kept_), belongs);
        }
    } catch (const std::exception& broken) {
        log().error("{}", broken.what());  // the next poll() reports it to the owner
    }
}

}  // namespace remit::fabric::verbs
