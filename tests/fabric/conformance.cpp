#include "side.hpp"

#include "fabric/status.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <remit/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <map>
#include <thread>

namespace remit::fabric::test {
namespace {

constexpr std::uint32_t kSource = 1;  // seeds of the patterns
constexpr std::uint32_t kTarget = 2;

void expect_sent(const Completion& completion, std::uint64_t id, const Endpoint& endpoint) {
    EXPECT_TRUE(completion.ok) << status_text(completion);
    EXPECT_EQ(completion.id, id);
    EXPECT_EQ(completion.kind, CompletionKind::sent);
    EXPECT_EQ(completion.queue_pair, endpoint.queue_pair->local().number);
}

void expect_immediate(const Completion& completion, std::uint32_t immediate, const Endpoint& endpoint) {
    EXPECT_TRUE(completion.ok) << status_text(completion);
    EXPECT_EQ(completion.kind, CompletionKind::immediate);
    EXPECT_EQ(completion.immediate, immediate);
    EXPECT_EQ(completion.queue_pair, endpoint.queue_pair->local().number);
}

void expect_failed(const Completion& completion, std::uint32_t status, const std::string& words) {
    EXPECT_FALSE(completion.ok);
    EXPECT_EQ(completion.status, status) << status_text(completion);
    EXPECT_NE(status_text(completion).find(words), std::string::npos) << status_text(completion);
    EXPECT_EQ(completion.kind, CompletionKind::sent);
}

/// A receiver that has nothing to do but to compare its memory with what it should be.
template <class Expect>
void receive_and_compare(Side& side, const EndpointOptions& options, std::uint32_t immediates, Expect expect) {
    Endpoint endpoint(side, options);
    fill(endpoint.memory, kTarget);
    endpoint.connect();
    for (std::uint32_t i = 0; i < immediates; ++i) expect_immediate(endpoint.wait_one(), 0x01020304 + i, endpoint);
    side.meet();  // the sender has all its completions
    auto expected = pattern(options.bytes, kTarget);
    expect(std::span(expected));
    EXPECT_EQ(first_difference(endpoint.memory, expected), -1);
    side.meet();
}

void copy_pattern(std::span<std::byte> to, std::size_t from, std::size_t bytes, std::size_t at, std::size_t source) {
    const auto sent = pattern(source, kSource);
    std::copy_n(sent.begin() + static_cast<std::ptrdiff_t>(from), bytes, to.begin() + static_cast<std::ptrdiff_t>(at));
}

template <class Body>
void send_and_finish(Side& side, const EndpointOptions& options, Body body) {
    Endpoint endpoint(side, options);
    fill(endpoint.memory, kSource);
    endpoint.connect();
    body(endpoint);
    side.meet();
    EXPECT_EQ(endpoint.poll_count(), 0U);
    side.meet();
}

Case write_case(const char* name, std::size_t memory, std::size_t from, std::size_t bytes, std::size_t at) {
    EndpointOptions options;
    options.bytes = memory;
    return {name,
            [=](Side& side) {
                send_and_finish(side, options, [=](Endpoint& endpoint) {
                    const Piece piece = endpoint.piece(from, bytes);
                    ASSERT_EQ(endpoint.post(endpoint.write(7, {&piece, 1}, at)).status, PostStatus::ok);
                    expect_sent(endpoint.wait_one(), 7, endpoint);
                });
            },
            [=](Side& side) {
                receive_and_compare(side, options, 0, [=](std::span<std::byte> expected) {
                    copy_pattern(expected, from, bytes, at, memory);
                });
            }};
}

void send_immediate(Side& side) {
    send_and_finish(side, {}, [](Endpoint& endpoint) {
        const Piece piece = endpoint.piece(10, 5000);
        WorkRequest request = endpoint.write(8, {&piece, 1}, 77);
        request.opcode = Opcode::write_with_immediate;
        request.immediate = 0x01020304;
        ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
        expect_sent(endpoint.wait_one(), 8, endpoint);
    });
}

void receive_immediate(Side& side) {
    receive_and_compare(side, {}, 1, [](std::span<std::byte> expected) {
        copy_pattern(expected, 10, 5000, 77, EndpointOptions{}.bytes);
    });
}

void send_empty_immediates(Side& side) {
    send_and_finish(side, {}, [](Endpoint& endpoint) {
        for (std::uint32_t i = 0; i < 3; ++i) {
            WorkRequest request;  // neither address nor key: with no bytes neither is looked at
            request.id = i;
            request.signaled = true;
            request.opcode = Opcode::write_with_immediate;
            request.immediate = 0x01020304 + i;
            ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
            expect_sent(endpoint.wait_one(), i, endpoint);
        }
    });
}

constexpr std::size_t kChain = 50;
constexpr std::size_t kLink = 777;

void send_chain(Side& side) {
    send_and_finish(side, {}, [](Endpoint& endpoint) {
        std::vector<Piece> pieces;
        for (std::size_t i = 0; i < kChain; ++i) pieces.push_back(endpoint.piece(i * kLink, kLink));
        std::vector<WorkRequest> chain;
        for (std::size_t i = 0; i < kChain; ++i) {
            chain.push_back(endpoint.write(i, {&pieces[i], 1}, (kChain - 1 - i) * kLink));
            chain.back().signaled = i + 1 == kChain;
        }
        const PostResult result = endpoint.queue_pair->post(chain);
        ASSERT_EQ(result.status, PostStatus::ok);
        ASSERT_EQ(result.accepted, kChain);
        expect_sent(endpoint.wait_one(), kChain - 1, endpoint);
    });
}

void receive_chain(Side& side) {
    receive_and_compare(side, {}, 0, [](std::span<std::byte> expected) {
        for (std::size_t i = 0; i < kChain; ++i) {
            copy_pattern(expected, i * kLink, kLink, (kChain - 1 - i) * kLink, EndpointOptions{}.bytes);
        }
    });
}

struct Cut {
    std::size_t offset;
    std::size_t bytes;
};
constexpr std::array<Cut, 5> kCuts{{{40'000, 1}, {0, 4096}, {9'999, 13}, {20'000, 8191}, {5'000, 700}}};

void send_scattered(Side& side) {
    send_and_finish(side, {}, [](Endpoint& endpoint) {
        std::vector<Piece> pieces;
        for (const Cut& cut : kCuts) pieces.push_back(endpoint.piece(cut.offset, cut.bytes));
        WorkRequest request = endpoint.write(3, pieces, 501);
        request.opcode = Opcode::write_with_immediate;
        request.immediate = 0x01020304;
        ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
        expect_sent(endpoint.wait_one(), 3, endpoint);
    });
}

void receive_scattered(Side& side) {
    receive_and_compare(side, {}, 1, [](std::span<std::byte> expected) {
        std::size_t at = 501;
        for (const Cut& cut : kCuts) {
            copy_pattern(expected, cut.offset, cut.bytes, at, EndpointOptions{}.bytes);
            at += cut.bytes;
        }
    });
}

constexpr std::size_t kManyWrites = 60;
constexpr std::size_t kManyBytes = 128 * 1024;
const EndpointOptions kShallow = [] {
    EndpointOptions options;
    options.bytes = kManyWrites * kManyBytes;
    options.depth = 8;
    return options;
}();

void send_more_than_fits(Side& side) {
    send_and_finish(side, kShallow, [](Endpoint& endpoint) {
        std::vector<Piece> pieces;
        for (std::size_t i = 0; i < kManyWrites; ++i) pieces.push_back(endpoint.piece(i * kManyBytes, kManyBytes));
        std::vector<WorkRequest> chain;
        for (std::size_t i = 0; i < kManyWrites; ++i)
            chain.push_back(endpoint.write(i, {&pieces[i], 1}, i * kManyBytes));
        std::size_t posted = 0;
        std::size_t done = 0;
        bool was_full = false;
        while (done < kManyWrites) {
            const PostResult result = endpoint.queue_pair->post(std::span(chain).subspan(posted));
            ASSERT_NE(result.status, PostStatus::error) << result.error;
            was_full = was_full || result.status == PostStatus::full;
            posted += result.accepted;
            ASSERT_GT(posted, done);
            expect_sent(endpoint.wait_one(), done, endpoint);
            ++done;
        }
        EXPECT_TRUE(was_full);
    });
}

void receive_more_than_fits(Side& side) {
    receive_and_compare(side, kShallow, 0, [](std::span<std::byte> expected) { fill(expected, kSource); });
}

/// A write that the peer's device must refuse; what came before and after it is told too.
template <class Spoil>
Case refused_case(const char* name, Spoil spoil, EndpointOptions target = {}) {
    return {name,
            [=](Side& side) {
                send_and_finish(side, {}, [=](Endpoint& endpoint) {
                    const Piece piece = endpoint.piece(0, 1000);
                    WorkRequest request = endpoint.write(5, {&piece, 1}, 0);
                    spoil(request, endpoint);
                    request.signaled = false;  // an error is told all the same
                    ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
                    const Completion completion = endpoint.wait_one();
                    EXPECT_EQ(completion.id, 5U);
                    expect_failed(completion, status::remote_access, "remote access error (10");
                    const PostResult after = endpoint.post(endpoint.write(6, {&piece, 1}, 0));
                    if (after.status == PostStatus::ok) {
                        expect_failed(endpoint.wait_one(), status::flushed, "Flushed");
                    }
                });
            },
            [=](Side& side) { receive_and_compare(side, target, 0, [](std::span<std::byte>) {}); }};
}

void send_and_read(Side& side) {
    send_and_finish(side, {}, [](Endpoint& endpoint) {
        const std::array<Piece, 2> pieces{endpoint.piece(100, 3000), endpoint.piece(50'000, 5000)};
        WorkRequest request = endpoint.write(9, pieces, 2000);
        request.opcode = Opcode::read;
        ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
        expect_sent(endpoint.wait_one(), 9, endpoint);
        auto expected = pattern(endpoint.memory.size(), kSource);
        const auto theirs = pattern(endpoint.memory.size(), kTarget);
        std::copy_n(theirs.begin() + 2000, 3000, expected.begin() + 100);
        std::copy_n(theirs.begin() + 5000, 5000, expected.begin() + 50'000);
        EXPECT_EQ(first_difference(endpoint.memory, expected), -1);
    });
}

void receive_nothing(Side& side) {
    receive_and_compare(side, {}, 0, [](std::span<std::byte>) {});
}

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

/// The first bytes are the sender's first ones.
void expect_beginning(const Endpoint& endpoint, std::size_t bytes) {
    const auto sent = pattern(endpoint.memory.size(), kSource);
    EXPECT_EQ(first_difference(std::span(endpoint.memory).first(bytes), std::span(sent).first(bytes)), -1);
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

/// The queue pair goes while its writes are on the wire; another on the same queues works, and sees none of them.
void destroy_and_replace(Side& side) {
    Endpoint endpoint(side, kShallow);
    fill(endpoint.memory, kSource);
    endpoint.connect();
    const Piece piece = endpoint.piece(0, 1024 * 1024);
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
    Endpoint endpoint(side, kShallow);
    endpoint.connect();
    endpoint.queue_pair = endpoint.make_queue_pair();
    endpoint.connect();
    side.meet();
    expect_beginning(endpoint, 1024 * 1024);
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

void send_without_receive(Side& side) {
    send_and_finish(side, {}, [](Endpoint& endpoint) {
        WorkRequest request;
        request.opcode = Opcode::write_with_immediate;
        ASSERT_EQ(endpoint.post(request).status, PostStatus::ok);
        expect_failed(endpoint.wait_one(), status::receiver_not_ready, "RNR retry counter exceeded (13");
    });
}

void post_no_receive(Side& side) {
    EndpointOptions options;
    options.posted_receives = 0;
    receive_and_compare(side, options, 0, [](std::span<std::byte>) {});
}

/// The peer's queue pair is gone, or in error: nobody answers.
void send_to_nobody(Side& side) {
    send_and_finish(side, {}, [&](Endpoint& endpoint) {
        side.meet();
        const std::array<Piece, 2> pieces{endpoint.piece(0, 100), endpoint.piece(100, 100)};
        const std::array<WorkRequest, 2> chain{endpoint.write(1, {&pieces[0], 1}, 0),
                                               endpoint.write(2, {&pieces[1], 1}, 100)};
        ASSERT_EQ(endpoint.queue_pair->post(chain).accepted, 2U);
        const auto completions = endpoint.wait(2);
        EXPECT_EQ(completions[0].id, 1U);
        expect_failed(completions[0], status::retry_exceeded, "transport retry counter exceeded (12");
        EXPECT_EQ(completions[1].id, 2U);
        expect_failed(completions[1], status::flushed, "Flushed");
    });
}

void vanish(Side& side) {
    Endpoint endpoint(side);
    endpoint.connect();
    endpoint.queue_pair.reset();
    for (int i = 0; i < 3; ++i) side.meet();
}

void go_to_error(Side& side) {
    Endpoint endpoint(side);
    fill(endpoint.memory, kTarget);
    endpoint.connect();
    endpoint.queue_pair->to_error();
    const Piece piece = endpoint.piece(0, 10);
    const PostResult result = endpoint.post(endpoint.write(1, {&piece, 1}, 0));
    EXPECT_EQ(result.status, PostStatus::error);
    EXPECT_EQ(result.accepted, 0U);
    side.meet();
    side.meet();
    EXPECT_EQ(first_difference(endpoint.memory, pattern(endpoint.memory.size(), kTarget)), -1);
    side.meet();
}

/// The peer answers with a new queue pair's sequence number instead of the one exchanged.
void send_to_stale(Side& side) {
    Endpoint endpoint(side);
    side.send(Endpoint::Peer{endpoint.queue_pair->local(), 0, 0, 0});
    const auto peer = side.receive<Endpoint::Peer>();
    QueuePairAddress stale = peer.queue_pair;
    stale.number = (stale.number + 4096) & 0xffffff;  // of a queue pair that is not there
    endpoint.queue_pair->connect(stale);
    endpoint.peer = peer;
    side.meet();
    const Piece piece = endpoint.piece(0, 100);
    ASSERT_EQ(endpoint.post(endpoint.write(1, {&piece, 1}, 0)).status, PostStatus::ok);
    expect_failed(endpoint.wait_one(), status::retry_exceeded, "transport retry counter exceeded (12");
    side.meet();
}

void be_stale(Side& side) {
    Endpoint endpoint(side);
    fill(endpoint.memory, kTarget);
    endpoint.connect();
    side.meet();
    EXPECT_EQ(first_difference(endpoint.memory, pattern(endpoint.memory.size(), kTarget)), -1);
}

}  // namespace

const std::vector<Case>& conformance_cases() {
    static const std::vector<Case> cases{
        write_case("Write", 64 * 1024, 123, 10'001, 4'321),
        write_case("WriteOfEightMiB", 8U << 20U, 0, 8U << 20U, 0),
        {"WriteWithImmediate", send_immediate, receive_immediate},
        {"EmptyImmediates", send_empty_immediates,
         [](Side& side) { receive_and_compare(side, {}, 3, [](std::span<std::byte>) {}); }},
        {"ChainWithLastSignalled", send_chain, receive_chain},
        {"ScatterList", send_scattered, receive_scattered},
        {"FullQueueGoesOn", send_more_than_fits, receive_more_than_fits},
        {"Read", send_and_read, receive_nothing},
        refused_case("BadRemoteKey", [](WorkRequest& r, const Endpoint&) { r.remote_key ^= 0x00ffff00; }),
        refused_case(
            "OneByteOutOfBounds",
            [](WorkRequest& r, const Endpoint& e) { r.remote_address = e.peer.address + e.peer.length - 999; }),
        refused_case("BelowBounds", [](WorkRequest& r, const Endpoint& e) { r.remote_address = e.peer.address - 1; }),
        refused_case(
            "LocalOnlyTarget", [](WorkRequest&, const Endpoint&) {},
            [] {
                EndpointOptions options;
                options.access = Access::local;
                return options;
            }()),
        {"WakeUpWithoutBusyPolling", send_late, sleep_until_woken},
        {"TwoQueuePairsOnOneCompletionQueue", send_on_two, receive_on_two},
        {"DestroyWhileOutstanding", destroy_and_replace, receive_from_replaced},
        {"Misuse", misuse, be_misused},
        {"ReceivesAreRecounted", send_three_immediates, recount_receives},
        {"DestroyBackwards", destroy_backwards, destroy_backwards},
    };
    return cases;
}

const std::vector<Case>& impatient_cases() {
    static const std::vector<Case> cases{
        {"NoReceivePosted", send_without_receive, post_no_receive},
        {"PeerDestroyed", send_to_nobody, vanish},
        {"PeerInError", send_to_nobody, go_to_error},
        {"StaleNumber", send_to_stale, be_stale},
    };
    return cases;
}

}  // namespace remit::fabric::test
