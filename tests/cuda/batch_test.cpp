#include "kernels/batch.hpp"

#include <gtest/gtest.h>

namespace remit::gpu {
namespace {

TEST(Batch, ParametersFitBothDrivers) {
    EXPECT_LE(sizeof(SmallBatch), 4096u);
    EXPECT_LE(sizeof(LargeBatch), 32764u);
    EXPECT_EQ(SmallBatch::capacity, 253u);
    EXPECT_EQ(LargeBatch::capacity, 2044u);
}

TEST(Batch, APieceKeepsWhatItIsGiven) {
    const Piece piece = pack_piece(0x123456789abc, 0xfedcba987654, {0xabcdef1, 7});
    EXPECT_EQ(source_offset(piece), 0x123456789abcu);
    EXPECT_EQ(destination_offset(piece), 0xfedcba987654u);
    EXPECT_EQ(end_of(piece).slot, 0xabcdef1u);
    EXPECT_EQ(end_of(piece).tail, 7u);
}

TEST(Batch, APieceKeepsTheLargestOfEverything) {
    const Piece piece = pack_piece(kMaxOffset, kMaxOffset, {kMaxSlots, 16});
    EXPECT_EQ(source_offset(piece), kMaxOffset);
    EXPECT_EQ(destination_offset(piece), kMaxOffset);
    EXPECT_EQ(end_of(piece).slot, kMaxSlots);
    EXPECT_EQ(end_of(piece).tail, 16u);
}

TEST(Batch, APieceKeepsTheSmallestOfEverything) {
    const Piece piece = pack_piece(0, 0, {1, 1});
    EXPECT_EQ(source_offset(piece), 0u);
    EXPECT_EQ(destination_offset(piece), 0u);
    EXPECT_EQ(end_of(piece).slot, 1u);
    EXPECT_EQ(end_of(piece).tail, 1u);
}

}  // namespace
}  // namespace remit::gpu
