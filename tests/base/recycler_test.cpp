#include "base/recycler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory_resource>
#include <random>
#include <thread>
#include <vector>

namespace remit {
namespace {

// Under the address sanitizer everything goes back to the heap, so that it sees the use of what was given back.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycles = false;
#else
constexpr bool kRecycles = true;
#endif

TEST(Recycler, WhatWasGivenBackComesAgain) {
    if (!kRecycles) GTEST_SKIP() << "not under the address sanitizer";
    Recycler memory;
    for (const std::size_t bytes : {1u, 16u, 17u, 440u, 1024u, 1025u, 5000u, 65536u}) {
        void* const first = memory.allocate(bytes, 8);
        memory.deallocate(first, bytes, 8);
        void* const again = memory.allocate(bytes, 8);
        EXPECT_EQ(again, first) << bytes;
        memory.deallocate(again, bytes, 8);
    }
}

/// Pieces of all sizes at once: each keeps what was written to it, whatever the others do.
TEST(Recycler, PiecesOfAnySizeDoNotOverlap) {
    struct Held {
        unsigned char* data;
        std::size_t bytes;
        std::size_t alignment;
        unsigned char mark;
    };
    Recycler memory;
    std::mt19937 random(7);
    std::vector<Held> held;
    const auto give_back = [&](std::size_t i) {
        const Held one = held[i];
        held[i] = held.back();
        held.pop_back();
        const bool whole = std::all_of(one.data, one.data + one.bytes, [&](unsigned char byte) { return byte == one.mark; });
        ASSERT_TRUE(whole) << one.bytes << " bytes";
        memory.deallocate(one.data, one.bytes, one.alignment);
    };
    for (int step = 0; step < 20'000; ++step) {
        if (held.size() < 100 && random() % 2 == 0) {
            const std::size_t bytes = std::size_t{1} << (random() % 18);
            const std::size_t odd = bytes + random() % bytes;
            const std::size_t alignment = std::size_t{1} << (random() % 8);
            auto* const data = static_cast<unsigned char*>(memory.allocate(odd, alignment));
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(data) % alignment, 0u);
            const auto mark = static_cast<unsigned char>(random());
            std::memset(data, mark, odd);
            held.push_back({data, odd, alignment, mark});
        } else if (!held.empty()) {
            give_back(random() % held.size());
        }
    }
    while (!held.empty()) give_back(held.size() - 1);
}

TEST(Recycler, ContainersAndWhatTheyHoldUseIt) {
    Recycler memory;
    std::pmr::map<int, std::pmr::vector<int>> lists(&memory);
    for (int i = 0; i < 100; ++i) lists[i].assign(static_cast<std::size_t>(i), i);
    for (const auto& [key, list] : lists) {
        EXPECT_EQ(list.get_allocator().resource(), &memory);
        EXPECT_EQ(list.size(), static_cast<std::size_t>(key));
    }
}

TEST(SharedRecycler, ServesThreadsAtOnce) {
    SharedRecycler memory;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&memory, t] {
            for (int turn = 0; turn < 500; ++turn) {
                std::pmr::vector<int> list(&memory);
                for (int i = 0; i < 40; ++i) list.push_back(t);
                for (const int value : list) ASSERT_EQ(value, t);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace remit
