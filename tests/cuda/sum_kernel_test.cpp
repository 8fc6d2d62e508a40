// The kernel that sums, on the CPU: every lot's remainder is right when the word says done, nothing outside the lots is
// read, every part is written once.

#include "emulation.hpp"
#include "sum_reference.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace remit::gpu::test {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

/// Bytes that a lot takes, at an offset into 16.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

template <class Shape>
class SumEmulator {
public:
    SumEmulator() : grid_(Shape::threads), tables_(SumTables<Shape>::words) { fill_tables(Shape::lanes, tables_.data()); }

    [[nodiscard]] AssertionResult run(const std::vector<Extent>& extents, std::uint32_t budget, std::uint64_t seed) {
        // Each lot has memory of its own, so that the address sanitizer sees a byte beside it.
        std::vector<std::vector<std::uint8_t>> memory;
        std::vector<std::uint32_t> parts(extents.size() * Shape::lanes, 0xdddddddd);
        shim::Recorder recorder(address_of(parts), parts.size() * sizeof parts[0]);
        recorder.allow_reads(address_of(tables_), address_of(tables_) + tables_.size() * sizeof tables_[0]);
        batch_.header = {address_of(tables_), address_of(parts), &slot_.ticket, &slot_.word, ++slot_.sequence,
                         static_cast<std::uint32_t>(extents.size())};
        for (std::size_t i = 0; i < extents.size(); ++i) {
            memory.push_back(random_bytes(extents[i].bytes + 31, seed + i));
            const std::uint64_t at = (address_of(memory[i]) + 15) / 16 * 16 + extents[i].offset;
            batch_.lots[i] = {at, extents[i].bytes};
            recorder.allow_reads(at, at + extents[i].bytes);
        }
        blocks_ = sum_grid_of<Shape>(batch_.header.lots, budget);
        grid_.start(blocks_, recorder, shim::kernel<Shape>(batch_));
        const bool seen = wait();
        AssertionResult result = right(parts);
        counters_ = grid_.finish();
        if (!seen) return AssertionFailure() << "the progress word never showed the sequence";
        return result ? behaved(recorder, parts.size()) : result;
    }
    [[nodiscard]] std::uint32_t blocks() const noexcept { return blocks_; }
    [[nodiscard]] const shim::Counters& counters() const noexcept { return counters_; }

private:
    template <class T>
    [[nodiscard]] static std::uint64_t address_of(const std::vector<T>& values) {
        return reinterpret_cast<std::uintptr_t>(values.data());
    }
    [[nodiscard]] bool wait() {
        std::atomic_ref<std::uint64_t> word(slot_.word);
        for (;;) {
            const bool over = grid_.over();
            if (word.load(std::memory_order_acquire) == slot_.sequence) return true;
            if (over) return false;
            std::this_thread::yield();
        }
    }
    [[nodiscard]] AssertionResult right(const std::vector<std::uint32_t>& parts) const {
        for (std::uint32_t i = 0; i < batch_.header.lots; ++i) {
            std::uint32_t remainder = 0;
            for (std::uint32_t lane = 0; lane < Shape::lanes; ++lane) remainder ^= parts[i * Shape::lanes + lane];
            const Lot& lot = batch_.lots[i];
            if (remainder == remainder_of(reinterpret_cast<const void*>(lot.address), lot.bytes)) continue;
            return AssertionFailure() << "lot " << i << ", " << lot.bytes << " bytes from " << lot.address % 16 << ", is wrong";
        }
        return AssertionSuccess();
    }
    [[nodiscard]] AssertionResult behaved(const shim::Recorder& recorder, std::size_t words) const {
        for (std::size_t i = 0; i < 4 * words; ++i) {
            if (recorder.writes(i) != 1) return AssertionFailure() << "byte " << i << " written " << recorder.writes(i) << " times";
        }
        if (counters_.misaligned != 0) return AssertionFailure() << counters_.misaligned << " misaligned accesses";
        if (counters_.reads_outside != 0) return AssertionFailure() << counters_.reads_outside << " reads outside";
        if (counters_.writes_outside != 0) return AssertionFailure() << counters_.writes_outside << " writes outside";
        if (counters_.tickets != blocks_) return AssertionFailure() << counters_.tickets << " tickets, blocks: " << blocks_;
        if (counters_.publishes != 1) return AssertionFailure() << "published " << counters_.publishes << " times";
        return slot_.ticket == 0 ? AssertionSuccess() : AssertionFailure() << "the ticket is left at " << slot_.ticket;
    }

    shim::Grid grid_;
    Slot slot_;
    SumBatch batch_{};
    std::vector<std::uint32_t> tables_;
    std::uint32_t blocks_ = 0;
    shim::Counters counters_;
};

SumEmulator<shim::SmallShape>& small_sums() {
    static SumEmulator<shim::SmallShape> emulator;
    return emulator;
}

SumEmulator<SumShape>& real_sums() {
    static SumEmulator<SumShape> emulator;
    return emulator;
}

TEST(SumKernel, EveryBeginningAndLength) {
    for (std::uint64_t offset = 0; offset < 16; ++offset) {
        std::vector<Extent> extents;
        for (std::uint64_t bytes = 1; bytes < (kThreadSanitizer ? 60u : 250u); ++bytes) extents.push_back({offset, bytes});
        ASSERT_TRUE(small_sums().run(extents, 8, offset)) << "offset " << offset;
    }
}

TEST(SumKernel, LotsLongerThanAllLoadsInFlight) {
    for (const std::uint64_t bytes : {511u, 512u, 513u, 2048u, 4095u, 5000u}) {
        ASSERT_TRUE(small_sums().run({{0, bytes}, {7, bytes}, {15, bytes + 1}}, 1, bytes)) << bytes;
    }
}

TEST(SumKernel, AllLotsOfALaunchOnFewBlocks) {
    std::vector<Extent> extents;
    for (std::uint32_t i = 0; i < SumBatch::capacity; ++i) extents.push_back({i % 16, 1 + 37 * i % 700});
    for (const std::uint32_t budget : {1u, 3u, 200u}) {
        ASSERT_TRUE(small_sums().run(extents, budget, budget));
        EXPECT_EQ(small_sums().blocks(), std::min(budget, (SumBatch::capacity + 3) / 4));
    }
}

TEST(SumKernel, ABatchWithoutLotsSaysDone) {
    EXPECT_TRUE(small_sums().run({}, 8, 1));
}

TEST(SumKernel, AlignedLotsAreReadByWideLoadsAlone) {
    ASSERT_TRUE(small_sums().run({{0, 4096}}, 1, 3));
    EXPECT_EQ(small_sums().counters().bytes(shim::Access::wide), 4096u);
    EXPECT_EQ(small_sums().counters().bytes(shim::Access::one), 0u);
}

TEST(SumKernel, TheRealBlockSumsWhatTheSmallOneDoes) {
    std::vector<Extent> extents{{0, kLotBytes}, {3, kLotBytes - 3}, {9, 1}, {1, 517}};
    for (std::uint32_t i = 0; i < 30; ++i) extents.push_back({i % 16, 100 + 61 * i});
    EXPECT_TRUE(real_sums().run(extents, 8, 7));
    EXPECT_TRUE(real_sums().run(extents, 1, 8));
}

}  // namespace
}  // namespace remit::gpu::test
