// Heap allocations of the data plane in steady state: this program counts every call of operator new.

#include "queue_scene.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace remit::worker::test {
namespace {

using protocol::embedding::StartRound;

constexpr std::uint64_t kTokens = 3 * QueueScene::kTokensOfChunk + 7;  // four chunks

/// Rounds through a send queue, their requests and sources made beforehand.
class Allocations : public testing::Test {
protected:
    void SetUp() override { scene.wire().keeps_posted = false; }

    StartRound request(std::uint64_t attempt, std::uint32_t round) const {
        BlockTable blocks;
        for (BlockId block = 0; block * 64 < kTokens; ++block) blocks.push_back((block * 7 + round) % 1000);
        const std::uint64_t first = round * kTokens;
        return {{1, 1, attempt}, attempt, round, {first, kTokens}, blocks, first + kTokens};
    }
    void run() {
        auto& queue = scene.queue();
        do {
            while (queue.pump()) {
            }
            queue.events().clear();
        } while (fabric_moves());
    }
    bool fabric_moves() {
        bool moved = false;
        for (std::uint32_t lane = 0; lane < scene.wire().in_flight.size(); ++lane) moved |= scene.move(lane);
        return moved;
    }
    static QueueScene::Options two_queue_pairs(trace::Recorder* recorder) {
        QueueScene::Options options;
        options.queue_pairs = 2;
        options.recorder = recorder;
        return options;
    }
    void expect_none_a_round();

    explicit Allocations(trace::Recorder* recorder = nullptr) : scene(two_queue_pairs(recorder)) {}
    QueueScene scene;
};

/// The same with a trace, whose records nobody takes.
class AllocationsTraced : public Allocations {
protected:
    AllocationsTraced() : Allocations(&recorder_) {}
    static trace::Recorder recorder_;
};
trace::Recorder AllocationsTraced::recorder_{64};

TEST_F(Allocations, TheCounterCounts) {
    const std::uint64_t before = allocations.load();
    auto one = std::make_unique<int>(1);
    EXPECT_EQ(allocations.load(), before + 1) << *one;
}

void Allocations::expect_none_a_round() {
    constexpr std::uint32_t kWarm = 10;
    constexpr std::uint32_t kRounds = 60;
    const auto source = scene.source_of((kWarm + kRounds) * kTokens);
    std::vector<StartRound> requests;
    for (std::uint32_t round = 0; round < kWarm + kRounds; ++round) requests.push_back(request(1, round));
    std::uint64_t before = 0;
    for (std::uint32_t round = 0; round < requests.size(); ++round) {
        if (round == kWarm) before = allocations.load();
        scene.queue().start(requests[round], source);
        run();
    }
    EXPECT_EQ(allocations.load() - before, 0U) << "in " << kRounds << " rounds";
    EXPECT_EQ(source->rounds.load(), kWarm + kRounds);
}

TEST_F(Allocations, NoneARoundOfALongRequest) { expect_none_a_round(); }

TEST_F(AllocationsTraced, NoneARoundOfALongRequestNorWhereTheTraceIsFull) {
    expect_none_a_round();
    EXPECT_GT(recorder_.dropped(), 0U);
}

TEST_F(Allocations, NoneARequest) {
    constexpr std::uint64_t kWarm = 100;
    constexpr std::uint64_t kRequests = 300;
    const auto source = scene.source_of(kTokens);
    std::vector<StartRound> requests;
    for (std::uint64_t attempt = 1; attempt <= kWarm + kRequests; ++attempt) requests.push_back(request(attempt, 0));
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (i == kWarm) before = allocations.load();
        scene.queue().start(requests[i], source);
        // Three at a time.
        if (i % 3 != 2) continue;
        run();
        for (std::size_t ended = i - 2; ended <= i; ++ended) scene.queue().forget(requests[ended].key);
    }
    EXPECT_EQ(allocations.load() - before, 0U) << "in " << kRequests << " requests";
}

}  // namespace
}  // namespace remit::worker::test
