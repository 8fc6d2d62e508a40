#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "tools/payload/payload.hpp"
#include "tools/payload/tensors.hpp"
#include "tools/payload/verify.hpp"
#include "tools/run/collect.hpp"

namespace remit::tools::test {
namespace {

using ::testing::HasSubstr;

Layout small_layout(DType dtype = DType::bf16) {
    return Layout::multimodal(
        {.block_size = 4, .hidden = 5, .dtype = dtype, .deepstack = 2, .arrangement = Arrangement::segments});
}

RowReader reader_of(const Tensors& tensors) {
    return [&tensors](std::size_t segment, std::uint32_t plane, std::uint64_t token) {
        return tensors.row(segment, plane, token);
    };
}

TEST(Payload, WhatWasFilledInIsRight) {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32, DType::fp8}) {
        const Layout layout = small_layout(dtype);
        const auto payload = make_generated_payload(1, 2, 7);
        Tensors tensors(layout, 7);
        tensors.fill(*payload);
        EXPECT_EQ(find_wrong_row(layout, *payload, reader_of(tensors)), std::nullopt);
        EXPECT_EQ(tensors.broken_guard(), std::nullopt);
    }
}

TEST(Payload, AnyFlippedBitIsFound) {
    const Layout layout = small_layout();
    const auto payload = make_generated_payload(1, 2, 7);
    Tensors tensors(layout, 7);
    tensors.fill(*payload);
    std::mt19937 random(3);
    for (std::size_t segment = 0; segment < layout.segments().size(); ++segment) {
        for (std::byte& byte : tensors.segment(segment)) {
            const std::byte flip = std::byte{1} << static_cast<int>(random() % 8);
            byte ^= flip;
            EXPECT_NE(find_wrong_row(layout, *payload, reader_of(tensors)), std::nullopt);
            byte ^= flip;
        }
    }
    EXPECT_EQ(find_wrong_row(layout, *payload, reader_of(tensors)), std::nullopt);
}

TEST(Payload, TheFaultIsNamed) {
    const Layout layout = small_layout();
    const auto payload = make_generated_payload(1, 2, 7);
    Tensors tensors(layout, 7);
    tensors.fill(*payload);
    tensors.segment(2)[(2 * 7 + 6) * 4 + 1] ^= std::byte{1};
    EXPECT_THAT(find_wrong_row(layout, *payload, reader_of(tensors)).value_or(""),
                HasSubstr("mrope_positions, plane 2, token 6, byte 1: "));
}

TEST(Payload, DestinationsThatGotNothingAreWrong) {
    const Layout layout = small_layout();
    const Tensors tensors(layout, 7);
    EXPECT_NE(find_wrong_row(layout, *make_generated_payload(1, 2, 7), reader_of(tensors)), std::nullopt);
}

TEST(Payload, EverySeedRoomSegmentPlaneAndTokenHasItsOwnBytes) {
    std::set<std::vector<std::byte>> seen;
    std::size_t rows = 0;
    for (const std::uint64_t seed : {0U, 1U}) {
        for (const RoomId room : {1U, 2U}) {
            const auto payload = make_generated_payload(seed, room, 50);
            for (const SegmentKind kind : {SegmentKind::embeddings, SegmentKind::mrope_positions}) {
                for (std::uint32_t plane = 0; plane < 3; ++plane) {
                    for (std::uint64_t token = 0; token < 50; ++token, ++rows) {
                        std::vector<std::byte> row(13);
                        payload->fill({kind, plane, token}, row);
                        seen.insert(row);
                    }
                }
            }
        }
    }
    EXPECT_EQ(seen.size(), rows);
}

TEST(Payload, SwappedRowsAreFound) {
    const auto payload = make_generated_payload(1, 1, 10);
    std::vector<std::byte> row(64);
    payload->fill({SegmentKind::embeddings, 0, 3}, row);
    EXPECT_EQ(payload->first_wrong({SegmentKind::embeddings, 0, 3}, row), std::nullopt);
    EXPECT_NE(payload->first_wrong({SegmentKind::embeddings, 0, 4}, row), std::nullopt);
    EXPECT_NE(payload->first_wrong({SegmentKind::deepstack_embeddings, 0, 3}, row), std::nullopt);
}

TEST(Payload, AuxCarriesTheLengthAndIsChecked) {
    const auto payload = make_generated_payload(9, 4, 2000);
    Aux aux = payload->aux();
    EXPECT_EQ(aux[0], 2000);
    EXPECT_NE(aux[2], kAuxFromFiles);
    EXPECT_EQ(find_wrong_aux(*payload, aux), std::nullopt);
    for (std::size_t i = 0; i < aux.size(); ++i) {
        Aux wrong = aux;
        wrong[i] ^= 1;
        EXPECT_THAT(find_wrong_aux(*payload, wrong).value_or(""), HasSubstr("aux_datas[" + std::to_string(i) + "]"));
    }
}

TEST(Tensors, AStrayWriteShowsOnEitherSide) {
    Tensors tensors(small_layout(), 7);
    for (const std::size_t segment : {0U, 1U, 2U, 4U}) {
        const std::span<std::byte> span = tensors.segment(segment);
        span.data()[-1] ^= std::byte{1};
        EXPECT_THAT(tensors.broken_guard().value_or(""), HasSubstr("1 bytes before"));
        span.data()[-1] ^= std::byte{1};
        span.data()[span.size()] ^= std::byte{128};
        EXPECT_THAT(tensors.broken_guard().value_or(""), HasSubstr("0 bytes after"));
        span.data()[span.size()] ^= std::byte{128};
        EXPECT_EQ(tensors.broken_guard(), std::nullopt);
    }
}

TEST(Tensors, OnceARequestSegmentsHaveNone) {
    Tensors tensors(small_layout(), 7);
    const std::vector<void*> addresses = tensors.addresses();
    ASSERT_EQ(addresses.size(), 5U);
    EXPECT_EQ(addresses[3], nullptr);
    EXPECT_NE(addresses[4], nullptr);
}

TEST(Collect, ArrivedRowsBecomeFilesAndAFolderPayloadChecksThem) {
    const Layout layout = small_layout();
    const auto payload = make_generated_payload(1, 2, 7);
    Tensors tensors(layout, 7);
    tensors.fill(*payload);
    auto folder = std::make_shared<RequestFolder>(collect(layout, 7, reader_of(tensors)));
    EXPECT_EQ(folder->deepstack, 2U);
    const auto from_files = make_folder_payload(folder);
    EXPECT_EQ(from_files->tokens(), 7U);
    EXPECT_EQ(from_files->aux()[2], kAuxFromFiles);
    EXPECT_EQ(find_wrong_row(layout, *from_files, reader_of(tensors)), std::nullopt);
    tensors.segment(4)[9] ^= std::byte{4};
    EXPECT_THAT(find_wrong_row(layout, *from_files, reader_of(tensors)).value_or(""),
                HasSubstr("deepstack_embeddings, plane 0, token 0, byte 9"));
}

TEST(Collect, BytesOfARangeCountAuxOnce) {
    const Layout layout = small_layout();
    EXPECT_EQ(bytes_of(layout, 0, 7), layout.payload_bytes(7));
    EXPECT_EQ(bytes_of(layout, 0, 4) + bytes_of(layout, 4, 3), layout.payload_bytes(7));
}

}  // namespace
}  // namespace remit::tools::test
