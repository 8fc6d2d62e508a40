// What needs no handle: names, messages, keys.

#include "errors.hpp"

#include <unistd.h>

#include <filesystem>
#include <thread>

namespace remit::capi::test {
namespace {

TEST(NamesOfC, NumbersHaveNamesAndOthersNone) {
    EXPECT_STREQ(remit_version(), REMIT_VERSION);
    EXPECT_STREQ(remit_code_name(REMIT_OK), "ok");
    EXPECT_STREQ(remit_code_name(REMIT_TOO_SMALL), "too_small");
    EXPECT_STREQ(remit_code_name(REMIT_TOO_SMALL + 1), "?");
    EXPECT_STREQ(remit_code_name(-1), "?");
    EXPECT_STREQ(remit_status_name(REMIT_STATUS_WAITING_FOR_INPUT), "WaitingForInput");
    EXPECT_STREQ(remit_status_name(5), "?");
    EXPECT_STREQ(remit_answer_name(REMIT_ANSWER_NOT_READY), "not_ready");
    EXPECT_STREQ(remit_answer_name(-1), "?");
}

TEST(NamesOfC, AThreadHasItsOwnMessage) {
    expect(remit_layout_segments(nullptr, nullptr), REMIT_BAD_ARGUMENT, {"null"});
    std::string other = "not asked";
    std::thread([&] { other = remit_last_error(); }).join();
    EXPECT_EQ(other, "");
}

TEST(KeysOfC, AreMadeOnceAndNeverReplaced) {
    const std::string folder = testing::TempDir() + "remit_capi_keys_" + std::to_string(::getpid());
    char key[41] = "";
    expect(remit_generate_keys(nullptr, key, sizeof key), REMIT_BAD_ARGUMENT, {"folder is null"});
    expect(remit_generate_keys(folder.c_str(), nullptr, 41), REMIT_BAD_ARGUMENT, {"public_key is null"});
    expect(remit_generate_keys(folder.c_str(), key, 40), REMIT_TOO_SMALL, {"41 are needed"});
    EXPECT_FALSE(std::filesystem::exists(folder));
    EXPECT_EQ(remit_generate_keys(folder.c_str(), key, sizeof key), REMIT_OK) << remit_last_error();
    EXPECT_EQ(std::string(key).size(), 40u);
    expect(remit_generate_keys(folder.c_str(), nullptr, 0), REMIT_MISUSE, {folder});
    std::filesystem::remove_all(folder);
    expect(remit_generate_keys("/proc/none/keys", nullptr, 0), REMIT_ENVIRONMENT, {});
}

}  // namespace
}  // namespace remit::capi::test
