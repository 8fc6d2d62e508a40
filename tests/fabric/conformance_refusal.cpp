#include "conformance_tools.hpp"

#include "fabric/status.hpp"

#include <gtest/gtest.h>

#include <array>

namespace remit::fabric::test {
namespace {

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

std::vector<Case> refusal_cases() {
    return {
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
    };
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

const std::vector<Case>& conformance_cases() {
    static const std::vector<Case> cases = [] {
        std::vector<Case> all = transfer_cases();
        for (const auto& more : {life_cases(), refusal_cases()}) all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return cases;
}

}  // namespace remit::fabric::test
