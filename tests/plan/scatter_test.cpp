#include "plan/scatter.hpp"

#include "memory/host_copy.hpp"
#include "memory_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace remit::plan {
namespace {

using ::testing::HasSubstr;

/// Rounds of random lengths out of a random pool into one sink.
class Scatter {
public:
    explicit Scatter(std::uint64_t seed) : random_(seed), layout_(Layout::multimodal(random_shape())) {
        total_ = between(1, 60);
        blocks_ = static_cast<std::uint32_t>(between(1, 8));
        pool_ = make_pool(layout_, blocks_, random_());
        std::vector<std::uint64_t> shifts(layout_.segments().size());
        for (std::uint64_t& shift : shifts) shift = between(0, 17);
        sink_ = make_tensors(layout_, total_, random_(), shifts);
        expected_ = sink_->bytes;
        writes_.resize(expected_.size());
    }

    void run() {
        std::vector<memory::Copy> copies;
        for (std::uint64_t done = 0; done < total_;) {
            const std::uint64_t count = std::min(total_ - done, between(1, blocks_ * layout_.block_size()));
            fill_random(pool_->bytes, random_);
            const BlockTable table = random_table(layout_.blocks_for(count));
            expect(done, count, table);
            copies.clear();
            const auto planned = plan_scatter(layout_, {pool_->map, table, done}, sink_->map, {done, count}, copies);
            ASSERT_TRUE(planned) << planned.error();
            check_merged(copies);
            for (const memory::Copy& copy : copies) count_writes(copy);
            memory::HostCopyExecutor().submit(copies, 0);
            done += count;
        }
        ASSERT_EQ(sink_->bytes, expected_);
        ASSERT_EQ(*std::max_element(writes_.begin(), writes_.end()), 1) << "a byte was written twice";
        const auto written = std::count(writes_.begin(), writes_.end(), 1);
        ASSERT_EQ(static_cast<std::uint64_t>(written), layout_.payload_bytes(total_) - sizeof(Aux));
    }

private:
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + random_() % (high - low + 1); }

    Layout::Shape random_shape() {
        return {static_cast<std::uint32_t>(between(1, 13)), static_cast<std::uint32_t>(between(1, 30)),
                random_() % 2 ? DType::fp8 : DType::bf16, static_cast<std::uint32_t>(between(0, 2)),
                random_() % 2 ? Arrangement::slab : Arrangement::segments};
    }

    BlockTable random_table(std::uint64_t count) {
        BlockTable table(blocks_);
        std::iota(table.begin(), table.end(), 0u);
        if (random_() % 3) std::shuffle(table.begin(), table.end(), random_);
        table.resize(count);
        return table;
    }

    void expect(std::uint64_t first, std::uint64_t count, const BlockTable& table) {
        const std::uint64_t bs = layout_.block_size();
        for (std::size_t s = 0; s < layout_.segments().size(); ++s) {
            const Segment& shape = layout_.segments()[s];
            if (shape.once_per_request) continue;
            const std::uint64_t width = shape.token_bytes;
            for (std::uint64_t t = 0; t < count; ++t) {
                for (std::uint64_t plane = 0; plane < shape.planes; ++plane) {
                    const std::uint64_t from = pool_->map.segments[s].base +
                                               table[t / bs] * pool_->map.segments[s].block_stride +
                                               plane * bs * width + t % bs * width;
                    const std::uint64_t to = sink_->map.segments[s].base + (plane * total_ + first + t) * width;
                    for (std::uint64_t b = 0; b < width; ++b)
                        expected_.at(to + b - sink_->start()) = pool_->at(from + b);
                }
            }
        }
    }

    static void check_merged(const std::vector<memory::Copy>& copies) {
        for (std::size_t i = 1; i < copies.size(); ++i) {
            const memory::Copy& last = copies[i - 1];
            ASSERT_FALSE(last.source + last.bytes == copies[i].source &&
                         last.destination + last.bytes == copies[i].destination);
        }
    }

    void count_writes(const memory::Copy& copy) {
        for (std::uint64_t b = 0; b < copy.bytes; ++b) ++writes_.at(copy.destination + b - sink_->start());
    }

    std::mt19937_64 random_;
    Layout layout_;
    std::uint64_t total_ = 0;
    std::uint32_t blocks_ = 0;
    std::unique_ptr<MemoryPool> pool_;
    std::unique_ptr<MemoryPool> sink_;
    std::vector<std::byte> expected_;
    std::vector<int> writes_;
};

TEST(PlanScatter, FillsEveryByteOfTheSinkOnceAndNothingElse) {
    for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
        Scatter(seed).run();
        if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    }
}

class ScatterRefusal : public ::testing::Test {
protected:
    std::string refusal(const BlockTable& table, std::uint64_t first_token, TokenRange range) {
        std::vector<memory::Copy> copies{{1, 2, 3}};
        const auto planned = plan_scatter(layout, {pool->map, table, first_token}, sink->map, range, copies);
        if (planned) return {};
        EXPECT_EQ(copies.size(), 1u) << "a refused round appends nothing";
        return planned.error();
    }

    const Layout layout = Layout::multimodal({16, 8, DType::bf16, 0, Arrangement::segments});
    std::unique_ptr<MemoryPool> pool = make_pool(layout, 4);
    std::unique_ptr<MemoryPool> sink = make_tensors(layout, 50);
};

TEST_F(ScatterRefusal, NamesTheValues) {
    EXPECT_EQ(refusal({0, 1}, 18, {18, 32}), "");
    EXPECT_THAT(refusal({0, 1}, 19, {19, 32}), HasSubstr("do not fit 1 destination blocks of 50"));
    EXPECT_THAT(refusal({0, 1}, 0, {0, 33}), HasSubstr("do not fit 2 source blocks of 16"));
    EXPECT_THAT(refusal({0, 4}, 0, {0, 32}), HasSubstr("source block 4"));
    EXPECT_THAT(refusal({1, 1}, 0, {0, 32}), HasSubstr("twice"));
    EXPECT_THAT(refusal({}, 0, {0, 1}), HasSubstr("0 source blocks"));
    EXPECT_THAT(refusal({0}, 0, {0, 0}), HasSubstr("do not fit"));
}

TEST_F(ScatterRefusal, AWholeRequestInNeighbouringBlocksIsOneCopyARow) {
    std::vector<memory::Copy> copies;
    const BlockTable table{0, 1, 2, 3};
    ASSERT_TRUE(plan_scatter(layout, {pool->map, table, 0}, sink->map, {0, 50}, copies));
    EXPECT_EQ(copies.size(), 1u + 1 + 3 * 4) << "embeddings, fill_ids, and mrope a plane and block";
}

}  // namespace
}  // namespace remit::plan
