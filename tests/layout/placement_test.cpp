#include "layout/block_map.hpp"

#include <remit/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace remit {
namespace {

constexpr Arrangement kBoth[] = {Arrangement::segments, Arrangement::slab};

Layout layout_of(Arrangement arrangement, std::uint32_t deepstack = 0) {
    return Layout::multimodal({128, 8192, DType::bf16, deepstack, arrangement});
}

TEST(Placement, SegmentArraysHaveTheItemLengthAsStrideAndStartOnPages) {
    const Layout layout = layout_of(Arrangement::segments);
    const BlockMap map = place_pool(layout, 10, 0x10000);
    EXPECT_EQ(map.segments[0].base, 0x10000u);
    EXPECT_EQ(map.segments[1].base, 0x10000u + 10 * 2'097'152u);
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        EXPECT_EQ(map.segments[i].block_stride, layout.segments()[i].block_bytes(128));
        EXPECT_EQ(map.segments[i].base % 4096, 0u);
    }
}

TEST(Placement, SlabSegmentsShareAStrideAndStartOnCacheLines) {
    for (const std::uint32_t hidden : {1u, 7u, 33u, 8192u}) {
        const Layout layout = Layout::multimodal({3, hidden, DType::fp8, 1, Arrangement::slab});
        const BlockMap map = place_pool(layout, 4, 0x10000);
        for (std::size_t i = 0; i < map.segments.size(); ++i) {
            EXPECT_EQ(map.segments[i].block_stride, map.segments[0].block_stride);
            EXPECT_EQ(map.segments[i].base % 64, 0u);
        }
        EXPECT_EQ(map.segments[0].block_stride % 64, 0u);
    }
}

TEST(Placement, TheDefaultSlabHasNoPadding) {
    const Layout layout = layout_of(Arrangement::slab);
    EXPECT_EQ(place_pool(layout, 4, 0).segments[0].block_stride, layout.block_bytes());
}

TEST(Placement, PlaneStrideFollowsTheBlockSizeOnly) {
    for (const Arrangement arrangement : kBoth) {
        const BlockMap map = place_pool(layout_of(arrangement), 2, 0);
        EXPECT_EQ(map.segments[2].plane_stride, 512u);
        EXPECT_EQ(map.address(2, 1, 2, 5, 4), map.segments[2].base + map.segments[2].block_stride + 2 * 512 + 5 * 4);
    }
}

TEST(Placement, NoTwoRowsShareAByteAndAllFitThePool) {
    for (const Arrangement arrangement : kBoth) {
        const Layout layout = Layout::multimodal({3, 5, DType::fp8, 2, arrangement});
        const std::uint32_t blocks = 7;
        const BlockMap map = place_pool(layout, blocks, 0);
        std::vector<int> uses(pool_bytes(layout, blocks));
        for (std::size_t s = 0; s < layout.segments().size(); ++s) {
            const Segment& shape = layout.segments()[s];
            for (BlockId block = 0; block < blocks; ++block) {
                for (std::uint32_t plane = 0; plane < shape.planes; ++plane) {
                    for (std::uint64_t row = 0; row < shape.rows(3); ++row) {
                        const std::uint64_t at = map.address(s, block, plane, row, shape.token_bytes);
                        for (std::uint64_t i = at; i < at + shape.token_bytes; ++i) ++uses.at(i);
                    }
                }
            }
        }
        EXPECT_EQ(*std::max_element(uses.begin(), uses.end()), 1);
        EXPECT_EQ(std::count(uses.begin(), uses.end(), 1), static_cast<std::ptrdiff_t>(blocks * layout.block_bytes()));
    }
}

TEST(Placement, PoolBytesAreWholePages) {
    for (const Arrangement arrangement : kBoth) {
        const Layout layout = layout_of(arrangement, 1);
        EXPECT_EQ(pool_bytes(layout, 0), 0u);
        EXPECT_EQ(pool_bytes(layout, 5) % 4096, 0u);
        EXPECT_GE(pool_bytes(layout, 5), 5 * layout.block_bytes());
        EXPECT_LT(pool_bytes(layout, 5), 5 * layout.block_bytes() + 8 * 4096);
    }
}

TEST(Placement, APoolLargerThanAnAddressSpaceIsRefused) {
    for (const Arrangement arrangement : kBoth) {
        const Layout layout = Layout::multimodal({65536, 1048576, DType::fp32, 64, arrangement});
        EXPECT_THROW((void)pool_bytes(layout, 0xffffffffu), Error);
    }
}

// Arrays of just under 2^64 bytes: rounding their end up to a page must not wrap to 0.
TEST(Placement, AnArrayThatEndsInTheLastPageOfTheAddressSpaceIsRefused) {
    // 2^64 - a^2 = (2^32 - a) * (2^32 + a): with 2^32 + a = block size * hidden * element bytes.
    int found = 0;
    for (std::uint64_t a = 1; a < 64; ++a) {
        const std::uint64_t block_bytes = (std::uint64_t{1} << 32) + a;
        for (std::uint32_t block_size = 4096; block_size <= 65536; ++block_size) {
            if (block_bytes % block_size != 0) continue;
            const auto hidden = static_cast<std::uint32_t>(block_bytes / block_size);
            if (hidden > 1048576) continue;
            const Layout layout = Layout::multimodal({block_size, hidden, DType::fp8, 0, Arrangement::segments});
            const auto blocks = static_cast<std::uint32_t>((std::uint64_t{1} << 32) - a);
            EXPECT_THROW((void)pool_bytes(layout, blocks), Error) << block_size << " * " << hidden;
            ++found;
        }
    }
    EXPECT_GT(found, 0);
}

TEST(Placement, TensorsAreOneBlockOfAllTokens) {
    const Layout layout = layout_of(Arrangement::slab, 1);
    const std::vector<std::uint64_t> bases{1000, 2000, 3001, 4000, 5000};
    const BlockMap map = place_tensors(layout, 2000, bases);
    EXPECT_EQ(map.blocks, 1u);
    EXPECT_EQ(map.block_size, 2000u);
    EXPECT_EQ(map.segments[2].base, 3001u);
    EXPECT_EQ(map.segments[2].plane_stride, 8000u);
    EXPECT_EQ(map.segments[3].block_stride, 64u);
    EXPECT_EQ(map.address(0, 0, 0, 1999, 16384), 1000u + 1999ull * 16384);
    for (const SegmentMap& segment : map.segments) EXPECT_EQ(segment.registration, kUnregistered);
}

}  // namespace
}  // namespace remit
