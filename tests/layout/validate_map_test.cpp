#include "layout/block_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace remit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kStart = 0x10000;

Layout layout_of(Arrangement arrangement) {
    return Layout::multimodal({16, 8, DType::bf16, 1, arrangement});
}

BlockMap placed(const Layout& layout, std::uint32_t blocks, std::uint64_t start = kStart) {
    BlockMap map = place_pool(layout, blocks, start);
    map.registrations = {{start, pool_bytes(layout, blocks), 7}};
    for (SegmentMap& segment : map.segments) segment.registration = 0;
    return map;
}

class ValidateMap : public ::testing::TestWithParam<Arrangement> {
protected:
    const Layout layout = layout_of(GetParam());
    BlockMap map = placed(layout, 5);

    /// The message of the refusal, empty where the map is accepted.
    [[nodiscard]] std::string refusal() const {
        const auto valid = validate_map(layout, map);
        return valid ? std::string() : valid.error();
    }
};

INSTANTIATE_TEST_SUITE_P(Arrangements, ValidateMap, ::testing::Values(Arrangement::segments, Arrangement::slab),
                         [](const auto& chosen) { return std::string(to_string(chosen.param)); });

TEST_P(ValidateMap, AcceptsPlacedPoolsOfAllShapes) {
    for (const std::uint32_t block_size : {1u, 2u, 128u, 65536u}) {
        for (const std::uint32_t hidden : {1u, 3u, 4096u}) {
            for (const std::uint32_t blocks : {1u, 2u, 1000u}) {
                const Layout shape = Layout::multimodal({block_size, hidden, DType::fp8, 2, GetParam()});
                const auto valid = validate_map(shape, placed(shape, blocks));
                EXPECT_TRUE(valid) << valid.error();
            }
        }
    }
}

TEST_P(ValidateMap, AcceptsARegistrationThatEndsWithTheLastByte) {
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        const std::uint64_t bytes = layout.segments()[i].block_bytes(16);
        end = std::max(end, map.segments[i].base + 4 * map.segments[i].block_stride + bytes);
    }
    map.registrations[0].length = end - kStart;
    EXPECT_EQ(refusal(), "");
    --map.registrations[0].length;
    EXPECT_THAT(refusal(), HasSubstr("not inside its registration"));
}

TEST_P(ValidateMap, AcceptsAPoolThatEndsAtTheLastAddress) {
    map = placed(layout, 5, ~std::uint64_t{0} - pool_bytes(layout, 5));
    EXPECT_EQ(refusal(), "");
}

TEST_P(ValidateMap, RefusesZeroBlocks) {
    map.blocks = 0;
    EXPECT_THAT(refusal(), HasSubstr("0 blocks"));
}

TEST_P(ValidateMap, RefusesZeroTokensABlock) {
    map.block_size = 0;
    for (SegmentMap& segment : map.segments) segment.plane_stride = 0;
    map.segments[3].plane_stride = 64;
    EXPECT_THAT(refusal(), HasSubstr("block size is 0"));
}

TEST_P(ValidateMap, RefusesABlockSizeWhoseBytesWrap) {
    map.blocks = 1;
    map.block_size = std::uint64_t{1} << 62;  // times 4 bytes a token: 0
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        const Segment& shape = layout.segments()[i];
        map.segments[i].plane_stride = shape.rows(map.block_size) * shape.token_bytes;
    }
    EXPECT_THAT(refusal(), HasSubstr("block size"));
}

TEST_P(ValidateMap, RefusesAnotherNumberOfSegments) {
    map.segments.pop_back();
    EXPECT_THAT(refusal(), AllOf(HasSubstr("4 segments"), HasSubstr("has 5")));
    map.segments.clear();
    EXPECT_THAT(refusal(), HasSubstr("0 segments"));
}

TEST_P(ValidateMap, RefusesAPlaneStrideOtherThanTheBlockSizes) {
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        for (const int change : {-1, 1}) {
            const BlockMap good = map;
            map.segments[i].plane_stride += static_cast<std::uint64_t>(change);
            EXPECT_THAT(refusal(), AllOf(HasSubstr("plane stride"), HasSubstr(to_string(layout.segments()[i].kind))));
            map = good;
        }
    }
}

TEST_P(ValidateMap, RefusesAStrideBelowABlock) {
    map.segments[0].block_stride = layout.segments()[0].block_bytes(16) - 1;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("block stride of embeddings"), HasSubstr("255"), HasSubstr("256")));
    map.segments[0].block_stride = 0;
    EXPECT_THAT(refusal(), HasSubstr("block stride of embeddings is 0"));
}

TEST_P(ValidateMap, RefusesStridesThatWrapTheAddress) {
    for (const std::uint64_t stride : {~std::uint64_t{0}, std::uint64_t{1} << 63, (std::uint64_t{1} << 62) + 1}) {
        map.segments[1].block_stride = stride;
        EXPECT_THAT(refusal(), AllOf(HasSubstr("fill_ids"), HasSubstr("address space")));
    }
}

TEST_P(ValidateMap, RefusesABaseThatWrapsTheAddress) {
    map.segments[1].base = ~std::uint64_t{0} - 3;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("fill_ids"), HasSubstr("address space")));
}

TEST_P(ValidateMap, RefusesARegistrationThatWrapsTheAddress) {
    map.registrations[0].length = ~std::uint64_t{0};
    EXPECT_THAT(refusal(), HasSubstr("not inside its registration"));
}

TEST_P(ValidateMap, RefusesSegmentsOutsideTheirRegistration) {
    map.registrations[0].address += 1;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("embeddings"), HasSubstr("not inside its registration")));
    map = placed(layout, 5);
    map.blocks = 600;  // more blocks than the registration holds
    EXPECT_THAT(refusal(), HasSubstr("not inside its registration"));
}

TEST_P(ValidateMap, RefusesAnUnknownRegistration) {
    map.segments[2].registration = 1;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("mrope_positions"), HasSubstr("registration 1"), HasSubstr("there are 1")));
    map.segments[2].registration = kUnregistered;
    EXPECT_THAT(refusal(), HasSubstr("mrope_positions"));
}

TEST_P(ValidateMap, RefusesSegmentsThatShareAByte) {
    map.segments[1].base = map.segments[0].base + layout.segments()[0].block_bytes(16) - 1;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("embeddings"), HasSubstr("fill_ids"), HasSubstr("overlap")));
    map.segments[1].base = map.segments[0].base;
    EXPECT_THAT(refusal(), HasSubstr("overlap"));
}

class ValidateSlab : public ::testing::Test {
protected:
    const Layout layout = layout_of(Arrangement::slab);
    BlockMap map = placed(layout, 5);
    [[nodiscard]] std::string refusal() const {
        const auto valid = validate_map(layout, map);
        return valid ? std::string() : valid.error();
    }
};

TEST_F(ValidateSlab, RefusesUnequalStrides) {
    map.registrations[0].length *= 2;
    map.segments[1].block_stride += 64;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("unequal strides"), HasSubstr("fill_ids")));
}

TEST_F(ValidateSlab, RefusesAStrideThatReachesIntoTheSlabsLastSegment) {
    const std::uint64_t last_end = map.segments[4].base + layout.segments()[4].block_bytes(16);
    const std::uint64_t span = last_end - map.segments[0].base;
    for (SegmentMap& segment : map.segments) segment.block_stride = span;
    EXPECT_EQ(refusal(), "");
    for (SegmentMap& segment : map.segments) segment.block_stride = span - 1;
    EXPECT_THAT(refusal(), HasSubstr("overlap"));
}

// A segment that begins after the next slab has begun: block 2 of one segment then lies on block 0 of another.
TEST_F(ValidateSlab, RefusesASegmentThatLiesBehindTheNextSlab) {
    const std::uint64_t stride = map.segments[0].block_stride;
    map.registrations[0].length = 100 * stride;
    map.segments[1].base = map.segments[0].base + 2 * stride;
    EXPECT_THAT(refusal(), HasSubstr("overlap"));
    map.segments[1].base = map.segments[0].base + 3 * stride + 8;
    EXPECT_THAT(refusal(), HasSubstr("overlap"));
}

TEST_F(ValidateSlab, AcceptsSegmentsInAnyOrderInsideTheSlab) {
    const std::uint64_t start = map.segments[0].base;
    map.segments[3].base = start;
    map.segments[0].base = start + 64;
    map.segments[4].base = start + 64 + 256;
    map.segments[1].base = start + 64 + 512;
    map.segments[2].base = start + 64 + 512 + 64;
    EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace remit
