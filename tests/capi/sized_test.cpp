// The wall that exceptions do not pass, and structs that grow.

#include "capi/copy_out.hpp"
#include "capi/errors.hpp"
#include "capi/sized.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remit::capi::test {
namespace {

TEST(Guarded, EachKindOfErrorHasACode) {
    const std::pair<ErrorKind, remit_code> kinds[] = {
        {ErrorKind::bad_argument, REMIT_BAD_ARGUMENT}, {ErrorKind::misuse, REMIT_MISUSE},
        {ErrorKind::environment, REMIT_ENVIRONMENT},   {ErrorKind::exhausted, REMIT_EXHAUSTED},
        {ErrorKind::refused, REMIT_REFUSED},           {ErrorKind::internal, REMIT_INTERNAL}};
    for (const auto& [kind, code] : kinds) {
        EXPECT_EQ(guarded([&] { throw Error(kind, "sentence " + std::to_string(code)); }), code);
        EXPECT_EQ(std::string(remit_last_error()), "sentence " + std::to_string(code));
    }
}

TEST(Guarded, WhatElseIsThrownHasACodeToo) {
    EXPECT_EQ(guarded([] { throw std::bad_alloc(); }), REMIT_NO_MEMORY);
    EXPECT_NE(std::string(remit_last_error()), "");
    EXPECT_EQ(guarded([] { throw std::runtime_error("else"); }), REMIT_INTERNAL);
    EXPECT_STREQ(remit_last_error(), "else");
    EXPECT_EQ(guarded([] { throw 7; }), REMIT_INTERNAL);
    EXPECT_NE(std::string(remit_last_error()).find("unknown"), std::string::npos);
}

TEST(Guarded, SuccessLeavesTheMessage) {
    EXPECT_EQ(fail(REMIT_MISUSE, "kept"), REMIT_MISUSE);
    EXPECT_EQ(guarded([] {}), REMIT_OK);
    EXPECT_STREQ(remit_last_error(), "kept");
}

TEST(Guarded, AMessageLongerThanIsKeptIsCut) {
    fail(REMIT_MISUSE, std::string(5000, 'x'));
    EXPECT_EQ(std::string(remit_last_error()), std::string(1023, 'x'));
}

struct First {
    std::size_t size;
    std::uint32_t a, b;
};
struct Grown {
    std::size_t size;
    std::uint32_t a, b;
    std::uint64_t c;
};

TEST(Sized, AnOlderCallersStructLacksFieldsThatGetTheirDefaults) {
    const First given{sizeof(First), 1, 2};
    const Grown read =
        read_sized(reinterpret_cast<const Grown*>(&given), Grown{sizeof(Grown), 7, 8, 9}, "options", sizeof(First));
    EXPECT_EQ(read.a, 1u);
    EXPECT_EQ(read.b, 2u);
    EXPECT_EQ(read.c, 9u);
}

TEST(Sized, ANewerCallersStructIsTakenWhereItsFurtherFieldsAreZero) {
    Grown given{sizeof(Grown), 1, 2, 0};
    const auto* as_first = reinterpret_cast<const First*>(&given);
    EXPECT_EQ(read_sized(as_first, First{sizeof(First), 0, 0}, "options").b, 2u);
    given.c = 1;
    EXPECT_EQ(guarded([&] { read_sized(as_first, First{sizeof(First), 0, 0}, "options"); }), REMIT_BAD_ARGUMENT);
    EXPECT_NE(std::string(remit_last_error()).find("options.size is 24"), std::string::npos) << remit_last_error();
}

TEST(Sized, ASizeThatNoVersionHadIsRefused) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{8}, sizeof(First) - 1}) {
        const First given{size, 1, 2};
        EXPECT_EQ(guarded([&] { read_sized(&given, given, "options"); }), REMIT_BAD_ARGUMENT);
        EXPECT_NE(std::string(remit_last_error()).find("options.size is " + std::to_string(size)), std::string::npos);
    }
}

TEST(Sized, WhatIsWrittenIsNeverMoreThanTheCallerHas) {
    std::vector<First> older{{sizeof(First), 0, 0}, {0x5555, 6, 7}};  // the second stands for what lies behind
    write_sized(Grown{0, 1, 2, 3}, reinterpret_cast<Grown*>(older.data()), "out", sizeof(First));
    EXPECT_EQ(older[0].b, 2u);
    EXPECT_EQ(older[0].size, sizeof(First));
    EXPECT_EQ(older[1].size, 0x5555u);
    std::vector<Grown> newer{{sizeof(Grown), 0, 0, 77}};
    write_sized(First{0, 1, 2}, reinterpret_cast<First*>(newer.data()), "out");
    EXPECT_EQ(newer[0].a, 1u);
    EXPECT_EQ(newer[0].c, 0u);
}

TEST(CopyOut, TextFitsOrIsRefusedWithItsLength) {
    char buffer[6] = "-----";
    std::size_t length = 99;
    EXPECT_EQ(guarded([&] { copy_text("12345", buffer, 6, &length); }), REMIT_OK);
    EXPECT_STREQ(buffer, "12345");
    EXPECT_EQ(length, 5u);
    EXPECT_EQ(guarded([&] { copy_text("123456", buffer, 6, &length); }), REMIT_TOO_SMALL);
    EXPECT_STREQ(buffer, "12345");
    EXPECT_EQ(length, 6u);
    EXPECT_EQ(guarded([&] { copy_text("123456", nullptr, 0, &length); }), REMIT_TOO_SMALL);
    EXPECT_EQ(guarded([&] { copy_text("1", nullptr, 1, nullptr); }), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(guarded([&] { copy_text("", buffer, 1, nullptr); }), REMIT_OK);
    EXPECT_STREQ(buffer, "");
}

TEST(CopyOut, TextThatAFieldCannotHoldIsADefectThatIsTold) {
    char field[6] = "-----";
    EXPECT_EQ(guarded([&] { put_text("123456", field, sizeof field); }), REMIT_INTERNAL);
    EXPECT_NE(std::string(remit_last_error()).find("\"123456\""), std::string::npos) << remit_last_error();
    EXPECT_STREQ(field, "-----");
    EXPECT_EQ(guarded([&] { put_text("12345", field, sizeof field); }), REMIT_OK);
    EXPECT_STREQ(field, "12345");
}

}  // namespace
}  // namespace remit::capi::test
