// What the state machines keep to be used again, and what they let go.

#include "protocol/deadline_queue.hpp"
#include "protocol/spare_tables.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace remit::protocol {
namespace {

Time at(std::uint64_t ns) { return Time(static_cast<Time::rep>(ns)); }

TEST(SpareTables, ATableComesBackWithItsMemoryAndNothingInIt) {
    SpareTables tables;
    BlockTable table{1, 2, 3, 4, 5};
    const BlockId* const memory = table.data();
    tables.give(table);
    EXPECT_TRUE(table.empty());
    EXPECT_EQ(table.capacity(), 0u);
    const BlockTable copy = tables.copy_of(BlockTable{7, 8});
    EXPECT_EQ(copy, (BlockTable{7, 8}));
    EXPECT_EQ(copy.data(), memory);
    EXPECT_EQ(tables.take().capacity(), 0u) << "there was one";
}

TEST(SpareTables, ACopyOfNothingTakesNone) {
    SpareTables tables;
    BlockTable table{1};
    tables.give(table);
    EXPECT_EQ(tables.copy_of({}).capacity(), 0u);
    EXPECT_GE(tables.take().capacity(), 1u);
}

TEST(SpareTables, ABurstIsNotKeptForEver) {
    SpareTables tables;
    std::size_t kept = 0;
    for (int i = 0; i < 100; ++i) {
        BlockTable table(10'000);
        tables.give(table);
    }
    for (BlockTable table = tables.take(); table.capacity() > 0; table = tables.take()) kept += table.capacity();
    EXPECT_GT(kept, 0u);
    EXPECT_LE(kept, 65'536u);
}

/// Keys with a deadline each, which moves and ends, against a map that is searched through.
TEST(DeadlineQueue, ReportsWhatStandsInOrderHoweverOftenItTidies) {
    DeadlineQueue<int> queue;
    std::map<int, Time> deadlines;
    const auto stands = [&](Time when, int key) {
        const auto found = deadlines.find(key);
        return found != deadlines.end() && found->second == when;
    };
    std::mt19937_64 random(3);
    Time now{};
    int keys = 0;
    std::size_t reported = 0;
    for (int step = 0; step < 50'000; ++step) {
        now += at(random() % 3);
        if (random() % 3 == 0 && !deadlines.empty()) deadlines.erase(deadlines.begin());  // ended before its time
        const Time when = now + at(1 + random() % 200);
        deadlines[++keys] = when;
        queue.add(when, keys, stands);
        std::set<std::pair<Time, int>> due;
        for (const auto& [key, deadline] : deadlines) {
            if (deadline <= now) due.insert({deadline, key});
        }
        for (const auto& [deadline, key] : due) {
            auto next = queue.pop_due(now);
            while (next && !stands(next->when, next->key)) next = queue.pop_due(now);
            ASSERT_TRUE(next);
            ASSERT_EQ(next->key, key);
            deadlines.erase(key);
            ++reported;
        }
    }
    EXPECT_GT(reported, 1000u);
}

TEST(DeadlineQueue, WhatHasEndedCostsNoMemoryUntilItsDeadline) {
    DeadlineQueue<int> queue;
    int live = 0;
    for (int key = 1; key <= 100'000; ++key) {
        live = key;
        queue.add(std::chrono::hours(1) + at(static_cast<std::uint64_t>(key)), key, [&](Time, int one) { return one == live; });
        ASSERT_LE(queue.size(), 128u);
    }
}

}  // namespace
}  // namespace remit::protocol
