#pragma once

#include "side.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

/// Expectations and halves of cases that several conformance cases share.
namespace remit::fabric::test {

inline constexpr std::uint32_t kSource = 1;  // seeds of the patterns
inline constexpr std::uint32_t kTarget = 2;

inline void expect_sent(const Completion& completion, std::uint64_t id, const Endpoint& endpoint) {
    EXPECT_TRUE(completion.ok) << status_text(completion);
    EXPECT_EQ(completion.id, id);
    EXPECT_EQ(completion.kind, CompletionKind::sent);
    EXPECT_EQ(completion.queue_pair, endpoint.queue_pair->local().number);
}

inline void expect_immediate(const Completion& completion, std::uint32_t immediate, const Endpoint& endpoint) {
    EXPECT_TRUE(completion.ok) << status_text(completion);
    EXPECT_EQ(completion.kind, CompletionKind::immediate);
    EXPECT_EQ(completion.immediate, immediate);
    EXPECT_EQ(completion.queue_pair, endpoint.queue_pair->local().number);
}

inline void expect_failed(const Completion& completion, std::uint32_t status, const std::string& words) {
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

inline void copy_pattern(std::span<std::byte> to, std::size_t from, std::size_t bytes, std::size_t at,
                         std::size_t source) {
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

/// The first bytes are the sender's first ones.
inline void expect_beginning(const Endpoint& endpoint, std::size_t bytes) {
    const auto sent = pattern(endpoint.memory.size(), kSource);
    EXPECT_EQ(first_difference(std::span(endpoint.memory).first(bytes), std::span(sent).first(bytes)), -1);
}

/// The halves of the conformance test.
[[nodiscard]] std::vector<Case> transfer_cases();
[[nodiscard]] std::vector<Case> life_cases();
[[nodiscard]] std::vector<Case> refusal_cases();

}  // namespace remit::fabric::test
