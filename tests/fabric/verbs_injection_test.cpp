#include "child.hpp"

#include "fabric/verbs/completion_queue.hpp"
#include "fabric/verbs/queue_pair.hpp"

#include <gtest/gtest.h>
#include <remit/error.hpp>

#include <cerrno>

/// Posting and polling go through a table of functions in the opened context: other functions there make a provider
/// fail as no device at hand would.
namespace remit::fabric::test {
namespace {

int fail_after(ibv_send_wr* first, ibv_send_wr** bad, int accepted, int error) {
    for (; accepted > 0; --accepted) first = first->next;
    *bad = first;
    return error;
}

int short_of_memory(ibv_qp*, ibv_send_wr* first, ibv_send_wr** bad) {
    return fail_after(first, bad, 3, ENOMEM);
}
int negative_short_of_memory(ibv_qp*, ibv_send_wr* first, ibv_send_wr** bad) {
    return fail_after(first, bad, 1, -ENOMEM);
}
int invalid(ibv_qp*, ibv_send_wr* first, ibv_send_wr** bad) {
    return fail_after(first, bad, 2, EINVAL);
}
int doorbell_fails(ibv_qp*, ibv_send_wr*, ibv_send_wr** bad) {
    *bad = nullptr;
    return EIO;
}
int broken_poll(ibv_cq*, int, ibv_wc*) {
    return -2;
}

struct Rig {
    std::shared_ptr<verbs::Device> device = std::make_shared<verbs::Device>([] {
        VerbsOptions options;
        options.device = device_name(0);
        return options;
    }());
    std::shared_ptr<verbs::CompletionQueueCore> completions = std::make_shared<verbs::CompletionQueueCore>(device, 64);
    verbs::VerbsQueuePair queue_pair{{device, completions, completions, nullptr}, 16};

    Rig() { queue_pair.connect(queue_pair.local()); }
    PostResult post(int (*function)(ibv_qp*, ibv_send_wr*, ibv_send_wr**), std::size_t requests) {
        device->context()->ops.post_send = function;
        return queue_pair.post(std::vector<WorkRequest>(requests));
    }
};

void expect(const PostResult& result, PostStatus status, std::size_t accepted, int error) {
    EXPECT_EQ(result.status, status);
    EXPECT_EQ(result.accepted, accepted);
    EXPECT_EQ(result.error, error);
}

TEST(VerbsInjection, TheAcceptedPrefixIsCounted) {
    run_in_child([] {
        Rig rig;
        expect(rig.post(short_of_memory, 5), PostStatus::full, 3, ENOMEM);
        expect(rig.post(negative_short_of_memory, 5), PostStatus::full, 1, ENOMEM);
        expect(rig.post(invalid, 5), PostStatus::error, 2, EINVAL);
        expect(rig.post(doorbell_fails, 5), PostStatus::error, 5, EIO);
    });
}

TEST(VerbsInjection, ABrokenCompletionQueueIsReported) {
    run_in_child([] {
        Rig rig;
        rig.device->context()->ops.poll_cq = broken_poll;
        std::array<Completion, 4> out;
        EXPECT_THROW(static_cast<void>(rig.completions->poll(out)), Error);
    });
}

}  // namespace
}  // namespace remit::fabric::test
