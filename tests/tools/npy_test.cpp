#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "run_command.hpp"
#include "temporary_folder.hpp"
#include "tools/cli/options.hpp"
#include "tools/npy/array_file.hpp"
#include "tools/npy/request_folder.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::byte> counting(std::size_t size) {
    std::vector<std::byte> data(size);
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(i * 7 + 3);
    return data;
}

std::vector<std::byte> int32s(const std::vector<std::int32_t>& values) {
    std::vector<std::byte> data(values.size() * sizeof(std::int32_t));
    std::memcpy(data.data(), values.data(), data.size());
    return data;
}

/// A file as NumPy writes it.
std::string npy(const std::string& dictionary, const std::string& elements) {
    std::string header = dictionary;
    while ((10 + header.size() + 1) % 64 != 0) header += ' ';
    header += '\n';
    const auto length = static_cast<unsigned>(header.size());
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(length & 0xff) + static_cast<char>(length >> 8) +
           header + elements;
}

std::string refusal_of_file(const std::string& content) {
    const TemporaryFolder folder;
    write_text(folder / "a.npy", content);
    try {
        static_cast<void>(read_array(folder / "a.npy"));
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(accepted)";
}

RequestFolder small_request(DType dtype, std::uint32_t deepstack) {
    RequestFolder request;
    request.tokens = 5;
    request.hidden = 3;
    request.dtype = dtype;
    request.deepstack = deepstack;
    const std::size_t item = dtype_bytes(dtype);
    request.embeddings = counting(5 * 3 * item);
    request.deepstack_embeddings = counting(5 * 3 * item * deepstack);
    request.fill_ids = int32s({9, 8, 7, -6, 5});
    request.mrope_positions = int32s({0, 1, 1, 1, 3, 0, 1, 1, 2, 3, 0, 1, 2, 1, 3});
    return request;
}

std::string refusal_of_folder(const TemporaryFolder& folder) {
    try {
        static_cast<void>(read_request(folder.path()));
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(accepted)";
}

TEST(ArrayFile, EveryTypeComesBackBitForBit) {
    const TemporaryFolder folder;
    for (const auto& [descr, size] : std::vector<std::pair<std::string, std::size_t>>{
             {"<f2", 2}, {"<f4", 4}, {"<u2", 2}, {"|u1", 1}, {"<i4", 4}, {"<i8", 8}}) {
        const ArrayFile array{descr, {6, 5}, counting(30 * size)};
        write_array(folder / "a.npy", array);
        const ArrayFile again = read_array(folder / "a.npy");
        EXPECT_EQ(again.descr, descr);
        EXPECT_EQ(again.shape, array.shape);
        EXPECT_EQ(again.data, array.data) << descr;
    }
}

TEST(ArrayFile, WhatNumPyWritesIsRead) {
    const TemporaryFolder folder;
    write_text(folder / "a.npy", npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", "abcdefghijkl"));
    const ArrayFile array = read_array(folder / "a.npy");
    EXPECT_EQ(array.descr, "<f2");
    EXPECT_EQ(array.shape, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ(std::memcmp(array.data.data(), "abcdefghijkl", 12), 0);
    write_text(folder / "b.npy", npy("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", "abcdefghijkl"));
    EXPECT_EQ(read_array(folder / "b.npy").shape, (std::vector<std::uint64_t>{3}));
}

TEST(ArrayFile, BadFilesAreNamedWithWhatIsWrong) {
    EXPECT_THAT(refusal_of_file(""), HasSubstr("no NumPy array file"));
    EXPECT_THAT(refusal_of_file("PNG and more of it"), HasSubstr("no NumPy array file"));
    EXPECT_THAT(refusal_of_file(std::string("\x93NUMPY\x01\x00\xff\xff{'descr'", 18)), HasSubstr("inside its header"));
    const std::string plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    EXPECT_THAT(refusal_of_file(npy(plain, "short")), AllOf(HasSubstr("5 bytes"), HasSubstr("(2, 3)")));
    EXPECT_THAT(refusal_of_file(npy(plain, std::string(25, 'x'))), HasSubstr("25 bytes"));
    EXPECT_THAT(
        refusal_of_file(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", std::string(24, 'x'))),
        HasSubstr("ascontiguousarray"));
    EXPECT_THAT(refusal_of_file(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "abcd")),
                HasSubstr(">f4"));
    EXPECT_THAT(refusal_of_file(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd")),
                HasSubstr("records"));
    EXPECT_THAT(refusal_of_file(npy("{'descr': '<f4', 'fortran_order': False, }", "abcd")), HasSubstr("'shape'"));
    EXPECT_THAT(refusal_of_file(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "abcd")),
                HasSubstr("-1"));
    EXPECT_THAT(refusal_of_file(npy("{'descr': '<f4', 'fortran_order': False, "
                                    "'shape': (999999999999999999, 999999999999999999), }",
                                    "abcd")),
                HasSubstr("999999999999999999"));
}

TEST(RequestFolder, RoundTripsInEveryType) {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32, DType::fp8}) {
        const TemporaryFolder folder;
        const RequestFolder request = small_request(dtype, 2);
        write_request(folder / "new/folder", request);
        const RequestFolder again = read_request(folder / "new/folder");
        EXPECT_EQ(first_difference(request, again), std::nullopt);
        EXPECT_EQ(again.deepstack, 2U);
        // The greatest position is 3, so the next is 4, for the token with index 5.
        EXPECT_EQ(again.mrope_delta, -1);
    }
}

TEST(RequestFolder, AnEarlierRunsDeepstackIsTakenAway) {
    const TemporaryFolder folder;
    write_request(folder.path(), small_request(DType::bf16, 2));
    write_request(folder.path(), small_request(DType::bf16, 0));
    EXPECT_EQ(read_request(folder.path()).deepstack, 0U);
}

TEST(RequestFolder, AnyDifferenceIsFound) {
    const RequestFolder request = small_request(DType::bf16, 1);
    for (const auto field : {&RequestFolder::embeddings, &RequestFolder::fill_ids, &RequestFolder::mrope_positions,
                             &RequestFolder::deepstack_embeddings}) {
        RequestFolder other = request;
        (other.*field).back() ^= std::byte{1};
        EXPECT_NE(first_difference(request, other), std::nullopt);
    }
}

TEST(RequestFolder, WideIdsAreTakenWhereTheyFit) {
    const TemporaryFolder folder;
    write_request(folder.path(), small_request(DType::bf16, 0));
    std::vector<std::int64_t> ids{1, -2, 3, 2147483647, 5};
    ArrayFile wide{"<i8", {5}, std::vector<std::byte>(40)};
    std::memcpy(wide.data.data(), ids.data(), 40);
    write_array(folder / "fill_ids.npy", wide);
    EXPECT_EQ(read_request(folder.path()).fill_ids, int32s({1, -2, 3, 2147483647, 5}));
    ids[2] = 2147483648;
    std::memcpy(wide.data.data(), ids.data(), 40);
    write_array(folder / "fill_ids.npy", wide);
    EXPECT_THAT(refusal_of_folder(folder), AllOf(HasSubstr("element 2"), HasSubstr("2147483648")));
}

TEST(RequestFolder, ShapesMustAgree) {
    const TemporaryFolder folder;
    const auto with = [&](const char* name, const ArrayFile& array) {
        write_request(folder.path(), small_request(DType::bf16, 0));
        write_array(folder / name, array);
        return refusal_of_folder(folder);
    };
    EXPECT_THAT(with("fill_ids.npy", {"<i4", {4}, counting(16)}), AllOf(HasSubstr("(4)"), HasSubstr("(5)")));
    EXPECT_THAT(with("mrope_positions.npy", {"<i4", {5, 3}, counting(60)}),
                AllOf(HasSubstr("(5, 3)"), HasSubstr("(3, 5)")));
    EXPECT_THAT(with("embeddings.npy", {"<u2", {15}, counting(30)}), HasSubstr("(15)"));
    EXPECT_THAT(with("embeddings.npy", {"<i4", {5, 3}, counting(60)}), HasSubstr("<i4"));
    EXPECT_THAT(with("deepstack_embeddings.npy", {"<u2", {5, 4}, counting(40)}), HasSubstr("(5, 4)"));
    EXPECT_THAT(with("deepstack_embeddings.npy", {"<f2", {5, 3}, counting(30)}), HasSubstr("<f2"));
}

TEST(RequestFolder, WhatIsMissingIsNamed) {
    const TemporaryFolder folder;
    EXPECT_THAT(refusal_of_folder(folder), HasSubstr("embeddings.npy"));
    try {
        static_cast<void>(read_request(folder / "nowhere"));
        ADD_FAILURE() << "accepted";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("--input"));
    }
}

}  // namespace
}  // namespace remit::tools::test
