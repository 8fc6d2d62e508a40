#include <remit/error.hpp>
#include <remit/layout.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace remit {
namespace {

using ::testing::HasSubstr;

Layout default_layout(Arrangement arrangement = Arrangement::segments) {
    return Layout::multimodal({128, 8192, DType::bf16, 0, arrangement});
}

std::string refusal(const Layout::Shape& shape) {
    try {
        (void)Layout::multimodal(shape);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_argument);
        return error.what();
    }
    return {};
}

TEST(Layout, DefaultBlockHasTheBytesOfTheDesignTable) {
    for (const Arrangement arrangement : {Arrangement::segments, Arrangement::slab}) {
        const Layout layout = default_layout(arrangement);
        ASSERT_EQ(layout.segments().size(), 4u);
        EXPECT_EQ(layout.segments()[0].block_bytes(128), 2'097'152u);
        EXPECT_EQ(layout.segments()[1].block_bytes(128), 512u);
        EXPECT_EQ(layout.segments()[2].block_bytes(128), 1'536u);
        EXPECT_EQ(layout.segments()[3].block_bytes(128), 64u);
        EXPECT_EQ(layout.block_bytes(), 2'097'152u + 512 + 1'536 + 64);
    }
}

TEST(Layout, SegmentsComeInTheOrderOfTheWire) {
    const Layout layout = Layout::multimodal({128, 8192, DType::bf16, 2, Arrangement::segments});
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        EXPECT_EQ(static_cast<std::size_t>(layout.segments()[i].kind), i);
    }
}

TEST(Layout, DeepstackAddsDTimesTheEmbeddings) {
    for (const std::uint32_t layers : {1u, 3u, 64u}) {
        const Layout layout = Layout::multimodal({128, 8192, DType::bf16, layers, Arrangement::segments});
        ASSERT_EQ(layout.segments().size(), 5u);
        EXPECT_EQ(layout.segments()[4].kind, SegmentKind::deepstack_embeddings);
        EXPECT_EQ(layout.segments()[4].block_bytes(128), 2'097'152ull * layers);
        EXPECT_EQ(layout.segments()[4].dtype, DType::bf16);
    }
    EXPECT_EQ(default_layout().segments().size(), 4u);
}

TEST(Layout, EveryElementTypeScalesTheEmbeddingsAlone) {
    const std::pair<DType, std::uint64_t> widths[] = {
        {DType::bf16, 2}, {DType::fp16, 2}, {DType::fp32, 4}, {DType::fp8, 1}};
    for (const auto& [dtype, width] : widths) {
        const Layout layout = Layout::multimodal({16, 100, dtype, 2, Arrangement::slab});
        EXPECT_EQ(layout.segments()[0].token_bytes, 100 * width);
        EXPECT_EQ(layout.segments()[4].token_bytes, 200 * width);
        EXPECT_EQ(layout.segments()[1].block_bytes(16), 64u);
        EXPECT_EQ(layout.segments()[2].block_bytes(16), 192u);
        EXPECT_EQ(layout.segments()[3].block_bytes(16), 64u);
    }
}

TEST(Layout, AuxIsOneRowWhateverTheBlockSize) {
    const Segment aux = default_layout().segments()[3];
    EXPECT_TRUE(aux.once_per_request);
    EXPECT_EQ(aux.block_bytes(1), aux.block_bytes(65536));
    EXPECT_EQ(aux.rows(65536), 1u);
}

TEST(Layout, PayloadCountsAuxOnce) {
    const Layout layout = default_layout();
    EXPECT_EQ(layout.payload_bytes(1), 16384u + 4 + 12 + 64);
    EXPECT_EQ(layout.payload_bytes(2000), 2000ull * (16384 + 4 + 12) + 64);
}

TEST(Layout, BlocksForRoundsUp) {
    const Layout layout = default_layout();
    EXPECT_EQ(layout.blocks_for(0), 0u);
    EXPECT_EQ(layout.blocks_for(1), 1u);
    EXPECT_EQ(layout.blocks_for(128), 1u);
    EXPECT_EQ(layout.blocks_for(129), 2u);
    EXPECT_EQ(layout.blocks_for(976), 8u);
    EXPECT_EQ(layout.blocks_for(~std::uint64_t{0}), std::uint64_t{1} << 57);
}

TEST(Layout, RefusalNamesFieldValueAndRange) {
    const auto names = [](const std::string& message, const char* field, const char* value, const char* range) {
        EXPECT_THAT(message, HasSubstr(field));
        EXPECT_THAT(message, HasSubstr(value));
        EXPECT_THAT(message, HasSubstr(range));
    };
    names(refusal({0, 8, DType::bf16, 0, Arrangement::slab}), "block size", "is 0", "1 to 65536");
    names(refusal({65537, 8, DType::bf16, 0, Arrangement::slab}), "block size", "65537", "1 to 65536");
    names(refusal({1, 0, DType::bf16, 0, Arrangement::slab}), "hidden", "is 0", "1 to 1048576");
    names(refusal({1, 1048577, DType::bf16, 0, Arrangement::slab}), "hidden", "1048577", "1 to 1048576");
    names(refusal({1, 1, DType::bf16, 65, Arrangement::slab}), "deepstack", "65", "0 to 64");
    names(refusal({1, 1, DType::int32, 0, Arrangement::slab}), "dtype", "int32", "bf16, fp16, fp32, fp8");
}

TEST(Layout, TheEdgesOfTheRangesArePermitted) {
    EXPECT_EQ(refusal({1, 1, DType::fp8, 0, Arrangement::segments}), "");
    EXPECT_EQ(refusal({65536, 1048576, DType::fp32, 64, Arrangement::segments}), "");
}

TEST(Layout, NamesRoundTrip) {
    for (const Arrangement arrangement : {Arrangement::segments, Arrangement::slab}) {
        EXPECT_EQ(arrangement_from(to_string(arrangement)), arrangement);
    }
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32, DType::fp8, DType::int32}) {
        EXPECT_EQ(dtype_from(to_string(dtype)), dtype);
    }
    EXPECT_FALSE(arrangement_from("Slab"));
    EXPECT_FALSE(dtype_from(""));
    EXPECT_EQ(to_string(SegmentKind::aux_datas), "aux_datas");
    EXPECT_EQ(to_string(SegmentKind::deepstack_embeddings), "deepstack_embeddings");
}

}  // namespace
}  // namespace remit
