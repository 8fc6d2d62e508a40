#include "conformance_tools.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <remit/error.hpp>

#include <array>
#include <cerrno>
#include <ctime>
#include <map>
#include <thread>

namespace remit::fabric::test {
namespace {

bool readable(int fd, std::chrono::milliseconds patience) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(patience.count())) == 1;
}

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void send_late(Side& side) {
    Endpoint endpoint(side);
    endpoint.connect();
    side.meet();  // the receiver has armed its queue
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    WorkRequest request;
    request.opcode = Opcode::write_with_immediate;
    request.signaled = true;
    ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
    EXPECT_TRUE(endpoint.wait_one().ok);
    side.meet();
    ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);  // to a queue that is not armed
    EXPECT_TRUE(endpoint.wait_one().ok);
    side.meet();
}

void sleep_until_woken(Side& side) {
    Endpoint endpoint(side);
    Fabric& fabric = side.fabric();
    endpoint.connect();
    fabric.clear_wakeups();
    while (fabric.next_event()) {
    }
    endpoint.completions->arm();
    EXPECT_EQ(endpoint.poll_count(), 0U);
    EXPECT_FALSE(readable(fabric.wake_descriptor(), std::chrono::milliseconds(0)));
    const double before = cpu_seconds();
    side.meet();
    ASSERT_TRUE(readable(fabric.wake_descriptor(), scaled(10'000)));
    EXPECT_LT(cpu_seconds() - before, 0.25);  // of at least half a second
    fabric.clear_wakeups();
    while (fabric.next_event()) {
    }
    EXPECT_EQ(endpoint.poll_count(), 1U);
    EXPECT_FALSE(readable(fabric.wake_descriptor(), std::chrono::milliseconds(0)));
    side.meet();
    side.meet();
    EXPECT_FALSE(readable(fabric.wake_descriptor(), std::chrono::milliseconds(0)));
    EXPECT_EQ(endpoint.poll_count(), 1U);
}

/// Two queue pairs on one completion queue, on both sides.
void connect_second(Endpoint& endpoint, QueuePair& second) {
    endpoint.side.send(second.local());
    second.connect(endpoint.side.receive<QueuePairAddress>());
    endpoint.side.meet();
}

void send_on_two(Side& side) {
    Endpoint endpoint(side);
    const auto second = endpoint.make_queue_pair();
    fill(endpoint.memory, kSource);
    endpoint.connect();
    connect_second(endpoint, *second);
    const std::array<Piece, 2> pieces{endpoint.piece(0, 20'000), endpoint.piece(20'000, 20'000)};
    std::array<WorkRequest, 2> requests{endpoint.write(1, {&pieces[0], 1}, 0),
                                        endpoint.write(2, {&pieces[1], 1}, 20'000)};
    for (std::uint32_t i = 0; i < 2; ++i) {
        requests[i].opcode = Opcode::write_with_immediate;
        requests[i].immediate = 100 + i;
    }
    ASSERT_EQ(endpoint.post(requests[0]).status, PostStatus::ok);
    ASSERT_EQ(second->post({&requests[1], 1}).status, PostStatus::ok);
    std::map<std::uint32_t, std::uint64_t> seen;
    for (const Completion& completion : endpoint.wait(2)) {
        EXPECT_TRUE(completion.ok) << status_text(completion);
        seen[completion.queue_pair] = completion.id;
    }
    EXPECT_EQ(seen[endpoint.queue_pair->local().number], 1U);
    EXPECT_EQ(seen[second->local().number], 2U);
    side.meet();
}

void receive_on_two(Side& side) {
    Endpoint endpoint(side);
    const auto second = endpoint.make_queue_pair();
    endpoint.connect();
    connect_second(endpoint, *second);
    std::map<std::uint32_t, std::uint32_t> seen;
    for (const Completion& completion : endpoint.wait(2)) seen[completion.queue_pair] = completion.immediate;
    EXPECT_EQ(seen[endpoint.queue_pair->local().number], 100U);
    EXPECT_EQ(seen[second->local().number], 101U);
    expect_beginning(endpoint, 40'000);
    side.meet();
}

constexpr std::size_t kMiB = 1024 * 1024;

/// The queue pair goes while its writes are on the wire; another on the same queues works, and sees none of them.
void destroy_and_replace(Side& side) {
    EndpointOptions options;
    options.bytes = kMiB;
    Endpoint endpoint(side, options);
    fill(endpoint.memory, kSource);
    endpoint.connect();
    const Piece piece = endpoint.piece(0, kMiB);
    for (std::uint64_t id = 0; id < 6; ++id) {
        ASSERT_EQ(endpoint.post(endpoint.write(id, {&piece, 1}, 0)).status, PostStatus::ok);
    }
    endpoint.queue_pair.reset();
    EXPECT_EQ(endpoint.poll_count(), 0U);
    endpoint.queue_pair = endpoint.make_queue_pair();
    endpoint.connect();
    ASSERT_EQ(endpoint.post(endpoint.write(99, {&piece, 1}, 0)).status, PostStatus::ok);
    expect_sent(endpoint.wait_one(), 99, endpoint);
    EXPECT_EQ(endpoint.poll_count(), 0U);
    side.meet();
}

void receive_from_replaced(Side& side) {
    EndpointOptions options;
    options.bytes = kMiB;
    Endpoint endpoint(side, options);
    endpoint.connect();
    endpoint.queue_pair = endpoint.make_queue_pair();
    endpoint.connect();
    side.meet();
    expect_beginning(endpoint, kMiB);
}

void misuse(Side& side) {
    Endpoint endpoint(side);
    const Piece piece = endpoint.piece(0, 10);
    EXPECT_EQ(endpoint.post(endpoint.write(1, {&piece, 1}, 0)).status, PostStatus::error);
    endpoint.connect();
    EXPECT_THROW(endpoint.queue_pair->connect(endpoint.peer.queue_pair), Error);
    const std::vector<Piece> many(side.fabric().limits().max_pieces + 1, piece);
    const std::array<WorkRequest, 2> too_many{endpoint.write(1, {&piece, 1}, 0), endpoint.write(2, many, 0)};
    PostResult result = endpoint.queue_pair->post(too_many);
    EXPECT_EQ(result.status, PostStatus::error);
    EXPECT_EQ(result.accepted, 1U);
    EXPECT_EQ(result.error, EINVAL);
    EXPECT_EQ(endpoint.wait_one().id, 1U);
    result = endpoint.post(endpoint.write(kReservedIds, {&piece, 1}, 0));
    EXPECT_EQ(result.status, PostStatus::error);
    EXPECT_EQ(result.accepted, 0U);
    EXPECT_EQ(endpoint.queue_pair->post({}).status, PostStatus::ok);
    EXPECT_THROW(static_cast<void>(side.fabric().create_completion_queue(0)), Error);
    EXPECT_THROW(static_cast<void>(side.fabric().create_queue_pair({})), Error);
    EXPECT_THROW(static_cast<void>(side.fabric().register_memory(endpoint.memory.data(), 0, Access::local)), Error);
    const std::uint32_t limit = side.fabric().limits().max_completions;
    EXPECT_THROW(static_cast<void>(side.fabric().create_completion_queue(limit + 1)), Error);
    side.meet();
}

void be_misused(Side& side) {
    Endpoint endpoint(side);
    endpoint.connect();
    side.meet();
}

void send_three_immediates(Side& side) {
    Endpoint endpoint(side);
    endpoint.connect();
    for (std::uint64_t id = 0; id < 3; ++id) {
        WorkRequest request;
        request.id = id;
        request.opcode = Opcode::write_with_immediate;
        request.signaled = true;
        ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
    }
    for (const Completion& completion : endpoint.wait(3)) EXPECT_TRUE(completion.ok) << status_text(completion);
    side.meet();
    side.meet();
}

void recount_receives(Side& side) {
    EndpointOptions options;
    options.receives = 8;
    options.posted_receives = 8;
    Endpoint endpoint(side, options);
    EXPECT_EQ(endpoint.receives->depth(), 8U);
    EXPECT_EQ(endpoint.receives->outstanding(), 8U);
    EXPECT_EQ(endpoint.receives->post(5), 0U);
    endpoint.connect();
    side.meet();  // all three have come and none was polled but the first
    EXPECT_TRUE(endpoint.wait_one().ok);
    EXPECT_EQ(endpoint.receives->outstanding(), 7U);
    endpoint.queue_pair.reset();
    EXPECT_EQ(endpoint.poll_count(), 0U);
    EXPECT_EQ(endpoint.receives->outstanding(), 5U);
    EXPECT_EQ(endpoint.receives->post(8), 3U);
    side.meet();
}

/// Objects go in an order that nobody should choose.
void destroy_backwards(Side& side) {
    Endpoint endpoint(side);
    endpoint.connect();
    side.meet();
    auto spare = endpoint.make_queue_pair();
    endpoint.completions.reset();
    endpoint.receives.reset();
    endpoint.region.reset();
    endpoint.queue_pair.reset();
    spare.reset();
}

}  // namespace

std::vector<Case> life_cases() {
    return {
        {"WakeUpWithoutBusyPolling", send_late, sleep_until_woken},
        {"TwoQueuePairsOnOneCompletionQueue", send_on_two, receive_on_two},
        {"DestroyWhileOutstanding", destroy_and_replace, receive_from_replaced},
        {"Misuse", misuse, be_misused},
        {"ReceivesAreRecounted", send_three_immediates, recount_receives},
        {"DestroyBackwards", destroy_backwards, destroy_backwards},
    };
}

}  // namespace remit::fabric::test
