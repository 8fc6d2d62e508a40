#include "host/pack.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

namespace remit::gpu {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

struct Packed {
    PackStatus status;
    BatchHeader header;
    std::array<Piece, 8> pieces{};
};

Packed pack_all(const std::vector<memory::Copy>& copies, std::uint64_t base = 0) {
    Packed packed{};
    packed.status = pack(copies, base, packed.pieces, packed.header);
    return packed;
}

TEST(Pack, NoCopiesAreAnEmptyBatch) {
    const Packed packed = pack_all({});
    EXPECT_EQ(packed.status, PackStatus::packed);
    EXPECT_EQ(packed.header.pieces, 0u);
    EXPECT_EQ(packed.header.slots, 0u);
}

TEST(Pack, CopiesOfNoBytesAreNoPieces) {
    const std::vector<memory::Copy> copies = {{4096, 8192, 0}, {4096, 8192, 5}, {0, 0, 0}};
    EXPECT_EQ(count_pieces(copies), 1u);
    EXPECT_EQ(pack_all(copies).header.pieces, 1u);
}

TEST(Pack, AddressesComeBackAsTheyWere) {
    const Packed packed = pack_all({{4099, 13, 40}, {0, 100, 3}, {70000, 200, 16}}, 1 << 20);
    ASSERT_EQ(packed.status, PackStatus::packed);
    ASSERT_EQ(packed.header.pieces, 3u);
    EXPECT_EQ(packed.header.source_base % kSlotBytes, 0u);
    EXPECT_EQ(packed.header.destination_base % kSlotBytes, 0u);
    EXPECT_EQ(packed.header.source_base + source_offset(packed.pieces[0]), 4099u);
    EXPECT_EQ(packed.header.source_base + source_offset(packed.pieces[2]), 70000u);
    EXPECT_EQ(packed.header.destination_base + destination_offset(packed.pieces[0]), (1u << 20) + 13);
    EXPECT_EQ(packed.header.destination_base + destination_offset(packed.pieces[2]), (1u << 20) + 200);
}

TEST(Pack, OnlyZerosHaveTheOffsetThatStandsForThem) {
    const Packed packed = pack_all({{4096, 4096, 1}, {0, 8192, 1}});
    EXPECT_NE(source_offset(packed.pieces[0]), 0u);
    EXPECT_EQ(source_offset(packed.pieces[1]), 0u);
}

TEST(Pack, SlotsAreTheAlignedSixteenBytesTouched) {
    // 15 and 1 bytes of two slots; one whole slot; one byte.
    const Packed packed = pack_all({{4096, 4097, 16}, {4096, 8192, 16}, {4096, 9000, 1}});
    EXPECT_EQ(end_of(packed.pieces[0]).slot, 2u);
    EXPECT_EQ(end_of(packed.pieces[0]).tail, 1u);
    EXPECT_EQ(end_of(packed.pieces[1]).slot, 3u);
    EXPECT_EQ(end_of(packed.pieces[1]).tail, 16u);
    EXPECT_EQ(end_of(packed.pieces[2]).slot, 4u);
    EXPECT_EQ(end_of(packed.pieces[2]).tail, 9000u % 16 + 1);
    EXPECT_EQ(packed.header.slots, 4u);
}

TEST(Pack, RefusesMorePiecesThanThereIsRoomFor) {
    std::vector<memory::Copy> copies;
    for (std::uint64_t i = 0; i < 9; ++i) copies.push_back({4096, 4096 + 16 * i, 16});
    EXPECT_EQ(pack_all(copies).status, PackStatus::too_many_pieces);
    copies.pop_back();
    EXPECT_EQ(pack_all(copies).status, PackStatus::packed);
}

TEST(Pack, RefusesWhatSlotNumbersDoNotHold) {
    const std::uint64_t most = std::uint64_t{kMaxSlots} * kSlotBytes;
    EXPECT_EQ(pack_all({{4096, 4096, most}}).status, PackStatus::packed);
    EXPECT_EQ(pack_all({{4096, 4096, most + 1}}).status, PackStatus::too_many_bytes);
    EXPECT_EQ(pack_all({{4096, 4097, most}}).status, PackStatus::too_many_bytes);
    EXPECT_EQ(pack_all({{4096, 4096, most}, {4096, most * 2, 1}}).status, PackStatus::too_many_bytes);
}

TEST(Pack, RefusesRangesThatWrap) {
    EXPECT_EQ(pack_all({{kLargest - 8, 4096, 32}}).status, PackStatus::bad_address);
    EXPECT_EQ(pack_all({{4096, kLargest - 8, 32}}).status, PackStatus::bad_address);
    EXPECT_EQ(pack_all({{4096, kLargest - 8, 1}}, 4096).status, PackStatus::bad_address);
}

TEST(Pack, RefusesNull) {
    EXPECT_EQ(pack_all({{4096, 0, 4}}).status, PackStatus::bad_address);
    EXPECT_EQ(pack_all({{3, 4096, 4}}).status, PackStatus::bad_address);
}

TEST(Pack, RefusesAddressesTooFarApart) {
    const std::uint64_t far = std::uint64_t{1} << 50;
    EXPECT_EQ(pack_all({{4096, 4096, 16}, {far, 8192, 16}}).status, PackStatus::far_apart);
    EXPECT_EQ(pack_all({{4096, 4096, 16}, {4096, far, 16}}).status, PackStatus::far_apart);
    EXPECT_EQ(pack_all({{far, far * 2, 16}}).status, PackStatus::packed) << "only the distance counts";
}

TEST(Pack, EveryRefusalHasItsText) {
    for (const PackStatus status : {PackStatus::packed, PackStatus::too_many_pieces, PackStatus::too_many_bytes,
                                    PackStatus::bad_address, PackStatus::far_apart}) {
        EXPECT_NE(text_of(status), "unknown");
    }
}

}  // namespace
}  // namespace remit::gpu
