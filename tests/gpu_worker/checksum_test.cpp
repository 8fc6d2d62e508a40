// Checksums of memory of a GPU: reckoned there at both ends, and right where nothing is wrong; a byte that a copy spoils is
// found; a GPU that dies while it sums fails what waits for it.

#include "gpu_pair.hpp"
#include "growing.hpp"
#include "kernels/kernels.hpp"

#include <optional>

namespace remit::worker::test {
namespace {

using gpu::test::fake_runtime;
using gpu::test::fake_runtime_mutex;
using gpu::test::hold_stream;

class GpuChecksum : public GpuPair {
protected:
    void SetUp() override {
        GpuPair::SetUp();
        options_.language.checksum = true;
    }
    [[nodiscard]] static std::size_t sums() {
        const std::lock_guard lock(fake_runtime_mutex());
        const auto& all = fake_runtime().launches;
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [](const auto& launch) { return launch.kernel == gpu::sum_kernel(); }));
    }
    static void fail_sums(bool fail) {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().fail_kernel = fail ? gpu::sum_kernel() : nullptr;
    }
    static void hold_sums(bool hold) {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().hold_kernel = hold ? gpu::sum_kernel() : nullptr;
    }
    static void spoil_launch(std::size_t number) {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().spoil_launch = static_cast<int>(number);
    }
};

TEST_F(GpuChecksum, IntoSinksAndKeptBlocksByEveryPath) {
    for (const GpuDirect direct : {GpuDirect::automatic, GpuDirect::staged}) {
        Pair& pair = start(device_memory(direct));
        const std::size_t before = sums();
        pair.expect_transfer({1, 2000}, 1024);
        EXPECT_EQ(sums() - before, 4u) << "two rounds at two ends";
        pair.expect_transfer({2, 2000, 2}, 1024, Into::sink, From::contiguous);
        pair.expect_transfer({3, 2000, 3}, 1024, Into::kept);
        pair_.reset();
    }
}

TEST_F(GpuChecksum, PinnedMemoryAndBlocksOfDifferentSizes) {
    MemoryOptions memory;
    memory.kind = MemoryKind::pinned;
    options_.embedding_layout = small_layout(80);
    options_.language_layout = small_layout(112);
    Pair& pair = start(memory);
    pair.expect_transfer({1, 3001}, 200);
    pair.expect_transfer({2, 3001, 2}, 200, Into::kept, From::contiguous);
}

TEST_F(GpuChecksum, OfAGpuAgreesWithThatOfACpu) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    pair_->expect_transfer({1, 2000}, 1024);
    pair_.reset();
    options_.embedding.memory = {};
    options_.language.memory = device_memory(GpuDirect::staged);
    pair_ = std::make_unique<Pair>(options_);
    pair_->expect_transfer({2, 2000}, 1024);
    pair_->expect_transfer({3, 2000, 3}, 1024, Into::kept);
}

TEST_F(GpuChecksum, ABitThatACopyTurnsOverIsFound) {
    options_.language.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    // The language worker's launches alone: the aux, then the round out of its blocks.
    spoil_launch(launches() + 1);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    incoming.expect_failed("checksum of ");
    pair_->expect_transfer({2, 900, 2}, 1024);
}

TEST_F(GpuChecksum, ManyRoomsThroughFewBlocks) { expect_many_rooms_through_few_blocks(); }

TEST_F(GpuChecksum, ASendEndsOnlyWhenNothingSumsItsSourceAnyMore) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    hold_sums(true);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    ASSERT_TRUE(comes_true([] { return sums() > 0; }));
    outgoing.send().abort();
    incoming.expect_failed("aborted by the embedding worker's user");
    EXPECT_FALSE(is_final(outgoing.send().poll())) << "the source is read";
    hold_sums(false);
    hold_stream(first_stream(), false);
    outgoing.expect_failed("aborted");
    pair_->expect_transfer({2, 2000, 2}, 1024);
}

/// The first round is written, its sums are held back until the second has begun, which waits for more of its source. At
/// the end the sums are told.
class GpuChecksumOfAGrowingSource : public GpuChecksum {
protected:
    void SetUp() override {
        GpuChecksum::SetUp();
        options_.embedding.memory = device_memory();
        pair_ = std::make_unique<Pair>(options_);
        hold_sums(true);
        incoming_.reset(new Incoming(pair_->receive(1, 1024)));
        growing_.emplace(pair_->embedding(), Content{1, 2000}, 1024);
        ASSERT_TRUE(comes_true([this] { return sums() > 0 && begun_second(); }));
        hold_sums(false);
        hold_stream(first_stream(), false);
        // Each is taken in a step of its own, and what has been summed before it.
        for (int step = 0; step < 2; ++step) static_cast<void>(pair_->embedding().snapshot());
    }
    void TearDown() override {
        growing_.reset();
        incoming_.reset();
        GpuChecksum::TearDown();
    }
    [[nodiscard]] bool begun_second() const {
        const WorkerSnapshot seen = pair_->embedding().snapshot();
        return seen.rooms.size() == 1 && seen.rooms[0].waits_for == "Send::ready(): 1024 of 2000 tokens may be read";
    }

    std::unique_ptr<Incoming> incoming_;
    std::optional<Growing> growing_;
};

TEST_F(GpuChecksumOfAGrowingSource, GoesOutWhole) {
    growing_->grow(2000);
    incoming_->expect_success({1, 2000});
    growing_->expect_success();
}

TEST_F(GpuChecksumOfAGrowingSource, IsNotItsUsersBeforeTheSecondRoundIsRead) {
    hold_stream(first_stream(), true);
    const std::size_t before = launches();
    growing_->grow(2000);
    EXPECT_TRUE(comes_true([&] { return launches() > before; })) << "the second round is gathered";
    growing_->send().abort();
    incoming_->expect_failed("aborted by the embedding worker's user");
    EXPECT_FALSE(is_final(growing_->send().poll())) << "the source is read";
    hold_stream(first_stream(), false);
    growing_->expect_failed("aborted");
}

TEST_F(GpuChecksum, ASumThatCannotBeLaunchedFailsTheSend) {
    options_.embedding.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    fail_sums(true);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    outgoing.expect_failed("checksums: launching a checksum kernel");
    incoming.expect_failed("checksums: launching a checksum kernel");
    fail_sums(false);
}

TEST_F(GpuChecksum, ASumThatCannotBeLaunchedFailsTheRoom) {
    options_.language.memory = device_memory();
    pair_ = std::make_unique<Pair>(options_);
    fail_sums(true);
    const Incoming incoming = pair_->receive(1, 1024);
    const Outgoing outgoing = pair_->send({1, 900});
    incoming.expect_failed("launching a checksum kernel");
    fail_sums(false);
}

}  // namespace
}  // namespace remit::worker::test
