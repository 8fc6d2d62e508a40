#include "kernels/work.hpp"

#include "case.hpp"
#include "host/pack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace remit::gpu {
namespace {

using test::between;
using test::Random;

/// A batch of host memory, of any number of pieces.
struct HostBatch {
    BatchHeader header;
    std::vector<Piece> pieces;
};

HostBatch pack_batch(const std::vector<memory::Copy>& copies) {
    HostBatch batch;
    batch.pieces.resize(count_pieces(copies));
    EXPECT_EQ(pack(copies, 0, batch.pieces, batch.header), PackStatus::packed);
    return batch;
}

/// How often each slot is taken by the threads of a grid.
std::vector<std::uint32_t> taken(std::uint32_t slots, std::uint32_t budget) {
    std::vector<std::uint32_t> times(slots);
    const std::uint32_t blocks = grid_of<CopyShape>(slots, budget);
    for (std::uint32_t block = 0; block < blocks; ++block) {
        const Deal tiles = tiles_of_block(tiles_of<CopyShape>(slots), block, blocks);
        for (std::uint32_t thread = 0; thread < CopyShape::threads; ++thread) {
            for (std::uint32_t tile = tiles.first; tile < tiles.end; tile += tiles.step) {
                const Range span = span_of<CopyShape>(tile, thread, slots);
                for (std::uint32_t i = span.begin + thread % CopyShape::lanes; i < span.end; i += CopyShape::lanes) {
                    ++times[i];
                }
            }
        }
    }
    return times;
}

TEST(Work, ATileIsOfTheSizeThatWasMeant) {
    EXPECT_GE(CopyShape::tile_slots * kSlotBytes, 16u << 10);
    EXPECT_LE(CopyShape::tile_slots * kSlotBytes, 32u << 10);
    EXPECT_GE(CopyShape::loads, 4u);
    EXPECT_LE(CopyShape::loads, 8u);
}

TEST(Work, EveryThreadOfAGridTogetherTakesEverySlotOnce) {
    for (const std::uint32_t slots : {0u, 1u, 255u, 256u, 2047u, 2048u, 2049u, 262144u, 300001u}) {
        for (const std::uint32_t budget : {1u, 8u, 132u}) {
            const std::vector<std::uint32_t> times = taken(slots, budget);
            EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](std::uint32_t n) { return n == 1; }))
                << slots << " slots, budget " << budget;
        }
    }
}

TEST(Work, TheGridIsTheSmallerOfTilesAndBudget) {
    constexpr std::uint32_t tile = CopyShape::tile_slots;
    EXPECT_EQ(grid_of<CopyShape>(tile * 3, 8), 3u);
    EXPECT_EQ(grid_of<CopyShape>(tile * 3 + 1, 8), 4u);
    EXPECT_EQ(grid_of<CopyShape>(tile * 300, 8), 8u);
    EXPECT_EQ(grid_of<CopyShape>(tile * 300, 132), 132u);
    EXPECT_EQ(grid_of<CopyShape>(tile * 300, 1), 1u);
}

TEST(Work, AnEmptyBatchStillHasABlockThatSaysSo) {
    EXPECT_EQ(grid_of<CopyShape>(0, 8), 1u);
}

TEST(Work, BlocksDifferByOneTileAtMost) {
    for (const std::uint32_t tiles : {1u, 7u, 8u, 9u, 128u, 1000u, 131071u}) {
        for (const std::uint32_t blocks : {1u, 8u, 132u}) {
            std::uint32_t dealt = 0;
            for (std::uint32_t block = 0; block < blocks; ++block) {
                const Deal deal = tiles_of_block(tiles, block, blocks);
                std::uint32_t count = 0;
                for (std::uint32_t tile = deal.first; tile < deal.end; tile += deal.step) ++count;
                EXPECT_LE(count, tiles / blocks + 1);
                EXPECT_GE(count, tiles / blocks);
                dealt += count;
            }
            EXPECT_EQ(dealt, tiles);
        }
    }
}

TEST(Work, TheLargestBatchIsDealtOutWithoutOverflow) {
    const std::uint32_t tiles = tiles_of<CopyShape>(kMaxSlots);
    EXPECT_EQ(tiles, (kMaxSlots + CopyShape::tile_slots - 1) / CopyShape::tile_slots);
    EXPECT_EQ(tiles_of_block(tiles, 131, 132).end, tiles);
    EXPECT_LT(tiles, ~std::uint32_t{0} - (1u << 20)) << "one step behind the last tile does not wrap";
    EXPECT_EQ(span_of<CopyShape>(tiles - 1, CopyShape::threads - 1, kMaxSlots).end, kMaxSlots);
}

TEST(Work, FindsThePieceOfEverySlotFromEveryStart) {
    std::vector<memory::Copy> copies;
    Random random(3);
    for (std::uint64_t i = 0; i < 60; ++i) copies.push_back({4096, 4096 * (i + 1), between(random, 1, 90)});
    const HostBatch batch = pack_batch(copies);
    const std::uint32_t last = batch.header.pieces - 1;
    for (std::uint32_t slot = 0; slot < batch.header.slots; ++slot) {
        std::uint32_t expected = 0;
        while (end_of(batch.pieces[expected]).slot <= slot) ++expected;
        for (std::uint32_t first = 0; first <= expected; ++first) {
            ASSERT_EQ(find_piece(batch.pieces.data(), first, last, slot), expected)
                << "slot " << slot << " from " << first;
        }
    }
}

TEST(Work, SlotsOfAPieceCoverItExactly) {
    for (std::uint64_t at = 0; at < 16; ++at) {
        for (std::uint64_t bytes = 1; bytes < 70; ++bytes) {
            const HostBatch batch = pack_batch({{4096 + 5, 8192 + at, bytes}});
            const PieceView piece = view_of(batch.header, batch.pieces.data(), 0);
            std::uint64_t next = 8192 + at;
            for (std::uint32_t i = piece.begin; i < piece.end; ++i) {
                const Slot slot = slot_of(piece, i);
                ASSERT_EQ(slot.destination % kSlotBytes, 0u);
                ASSERT_EQ(slot.destination + slot.begin, next);
                ASSERT_EQ(slot.source + slot.begin - (4096 + 5), next - (8192 + at));
                next = slot.destination + slot.end;
            }
            ASSERT_EQ(next, 8192 + at + bytes);
        }
    }
}

TEST(Work, ModesFollowTheMisalignmentOfTheTwoSides) {
    EXPECT_EQ(mode_of(4096, 8192, 64), Mode::wide);
    EXPECT_EQ(mode_of(4099, 8195, 64), Mode::wide) << "both sides are off by the same";
    EXPECT_EQ(mode_of(4104, 8192, 64), Mode::eight);
    EXPECT_EQ(mode_of(4100, 8192, 64), Mode::four);
    EXPECT_EQ(mode_of(4108, 8192, 64), Mode::four);
    EXPECT_EQ(mode_of(4098, 8192, 64), Mode::two);
    EXPECT_EQ(mode_of(4097, 8192, 64), Mode::one);
    EXPECT_EQ(mode_of(4096, 8193, 64), Mode::one);
}

TEST(Work, LargePiecesAreShiftedUnlessEightBytesFit) {
    for (const std::uint64_t off : {1u, 2u, 3u, 4u, 6u, 12u, 15u}) {
        EXPECT_EQ(mode_of(4096 + off, 8192, kFunnelBytes), Mode::funnel);
        EXPECT_NE(mode_of(4096 + off, 8192, kFunnelBytes - 1), Mode::funnel);
    }
    EXPECT_EQ(mode_of(4104, 8192, 1 << 20), Mode::eight);
    EXPECT_EQ(mode_of(4096, 8192, 1 << 20), Mode::wide);
}

TEST(Work, AFunnelShiftReadsOnlyThePiece) {
    for (std::uint64_t off = 1; off < 16; ++off) {
        for (std::uint64_t at = 0; at < 16; ++at) {
            for (std::uint64_t bytes = kFunnelBytes; bytes < kFunnelBytes + 33; ++bytes) {
                const HostBatch batch = pack_batch({{4096 + off + at, 8192 + at, bytes}});
                const PieceView piece = view_of(batch.header, batch.pieces.data(), 0);
                if (piece.mode != Mode::funnel) continue;
                for (std::uint32_t i = piece.begin; i < piece.end; ++i) {
                    const std::uint64_t word = slot_of(piece, i).source / 16 * 16;
                    const bool inside = word >= 4096 + off + at && word + 32 <= 4096 + off + at + bytes;
                    ASSERT_EQ(slot_mode(piece, i) == Mode::funnel, inside);
                }
            }
        }
    }
}

TEST(Work, EdgesTakeTheWidestAccessThatBothSidesAllow) {
    EXPECT_EQ(edge_width(8, 16, 8), 8u);
    EXPECT_EQ(edge_width(8, 16, 7), 4u);
    EXPECT_EQ(edge_width(4, 16, 8), 4u);
    EXPECT_EQ(edge_width(8, 2, 8), 2u);
    EXPECT_EQ(edge_width(8, 3, 8), 1u);
    EXPECT_EQ(edge_width(8, 8, 1), 1u);
    EXPECT_EQ(edge_width(0, 8, 15), 8u) << "zeros have no alignment";
}

TEST(Work, ASpanIsWholeOnlyWithoutEndsOfPieces) {
    const HostBatch batch = pack_batch({{4096, 8192, 1600}, {4096 + 1, 16384 + 1, 1600}, {4096, 32768, 1599}});
    EXPECT_TRUE(all_whole(view_of(batch.header, batch.pieces.data(), 0), 0, 100));
    EXPECT_FALSE(all_whole(view_of(batch.header, batch.pieces.data(), 0), 1, 101)) << "over the end";
    EXPECT_FALSE(all_whole(view_of(batch.header, batch.pieces.data(), 1), 100, 120)) << "a ragged head";
    EXPECT_TRUE(all_whole(view_of(batch.header, batch.pieces.data(), 1), 101, 200));
    EXPECT_FALSE(all_whole(view_of(batch.header, batch.pieces.data(), 2), 250, 301)) << "a ragged tail";
    EXPECT_TRUE(all_whole(view_of(batch.header, batch.pieces.data(), 2), 250, 300));
}

}  // namespace
}  // namespace remit::gpu
