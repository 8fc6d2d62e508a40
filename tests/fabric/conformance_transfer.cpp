#include "conformance_tools.hpp"

#include "fabric/status.hpp"

#include <gtest/gtest.h>

#include <array>

namespace remit::fabric::test {
namespace {

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

}  // namespace

std::vector<Case> transfer_cases() {
    return {
        write_case("Write", 64 * 1024, 123, 10'001, 4'321),
        write_case("WriteOfEightMiB", 8U << 20U, 0, 8U << 20U, 0),
        {"WriteWithImmediate", send_immediate, receive_immediate},
        {"EmptyImmediates", send_empty_immediates,
         [](Side& side) { receive_and_compare(side, {}, 3, [](std::span<std::byte>) {}); }},
        {"ChainWithLastSignalled", send_chain, receive_chain},
        {"ScatterList", send_scattered, receive_scattered},
        {"FullQueueGoesOn", send_more_than_fits, receive_more_than_fits},
        {"Read", send_and_read, receive_nothing},
    };
}

}  // namespace remit::fabric::test
