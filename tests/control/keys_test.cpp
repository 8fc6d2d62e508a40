#include "control/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <remit/error.hpp>

#include "control/allowed_keys.hpp"
#include "key_folder.hpp"

namespace remit::control::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
}

template <class Call>
std::string refusal(ErrorKind kind, Call call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        return error.what();
    }
    return "(accepted)";
}

TEST(Keys, AGeneratedPairIsReadBackAndTheSecretIsTheOwnersAlone) {
    const KeyFolder folder;
    const KeyFiles files = folder.make("new/deep");
    EXPECT_EQ(mode_of(files.secret_key_file), 0600U);
    EXPECT_TRUE(is_key(files.public_key));
    EXPECT_EQ(read_public_key(files.public_key_file), files.public_key);
    const KeyPair pair = read_secret_key(files.secret_key_file);
    EXPECT_EQ(pair.public_key, files.public_key);
    EXPECT_NE(pair.secret_key, pair.public_key);
    EXPECT_NE(folder.make("other").public_key, files.public_key);
}

TEST(Keys, AKeyThatIsThereIsNeverReplaced) {
    const KeyFolder folder;
    const KeyFiles files = folder.make("a");
    const std::string before = read_file(files.secret_key_file);
    EXPECT_THAT(refusal(ErrorKind::misuse, [&] { static_cast<void>(folder.make("a")); }), HasSubstr("not replaced"));
    EXPECT_EQ(read_file(files.secret_key_file), before);
    // Nor is a pair made of which only one half could be.
    write_file(folder / "half.pub", "x");
    std::filesystem::create_directory(folder / "half");
    write_file(folder / "half" / "remit.pub", "x");
    EXPECT_THAT(refusal(ErrorKind::misuse, [&] { static_cast<void>(folder.make("half")); }), HasSubstr("remit.pub"));
    EXPECT_FALSE(std::filesystem::exists(folder / "half" / "remit.key"));
}

TEST(Keys, ASecretThatOthersCanReadIsRefusedWithTheRemedy) {
    const KeyFolder folder;
    const KeyFiles files = folder.make("a");
    for (const mode_t mode : {0644, 0640, 0604, 0620, 0601}) {
        ASSERT_EQ(chmod(files.secret_key_file.c_str(), mode), 0);
        EXPECT_THAT(refusal(ErrorKind::environment, [&] { static_cast<void>(read_secret_key(files.secret_key_file)); }),
                    AllOf(HasSubstr("chmod 600 " + files.secret_key_file), HasSubstr("mode is 06")));
    }
    ASSERT_EQ(chmod(files.secret_key_file.c_str(), 0400), 0);
    EXPECT_NO_THROW(static_cast<void>(read_secret_key(files.secret_key_file)));
}

TEST(Keys, APublicKeyThatOthersCanReplaceIsRefused) {
    const KeyFolder folder;
    const KeyFiles files = folder.make("a");
    ASSERT_EQ(chmod(files.public_key_file.c_str(), 0664), 0);
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { static_cast<void>(read_public_key(files.public_key_file)); }),
                HasSubstr("chmod go-w " + files.public_key_file));
}

TEST(Keys, AnotherUsersSecretIsRefused) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    const KeyFolder folder;
    const KeyFiles files = folder.make("a");
    ASSERT_EQ(chown(files.secret_key_file.c_str(), 12345, 0), 0);
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { static_cast<void>(read_secret_key(files.secret_key_file)); }),
                HasSubstr("belongs to user 12345"));
}

TEST(Keys, WhatIsNoKeyFileIsRefusedAndNotQuoted) {
    const KeyFolder folder;
    const KeyFiles files = folder.make("a");
    const std::string good = read_file(files.secret_key_file);
    const std::string secret = good.substr(good.size() - 41, 40);
    for (const std::string& text :
         {std::string(), std::string("\n"), secret, good.substr(0, good.size() - 2), good + "x", good + good,
          "remit-secret-key-2" + good.substr(18), "remit-secret-key-1 " + std::string(40, '\''),
          "remit-secret-key-1 " + std::string(39, 'a') + "\x80", std::string(100000, 'a')}) {
        write_file(files.secret_key_file, text);
        EXPECT_THAT(
            refusal(ErrorKind::bad_argument, [&] { static_cast<void>(read_secret_key(files.secret_key_file)); }),
            AllOf(HasSubstr("remit keygen"), Not(HasSubstr(secret))));
    }
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { static_cast<void>(read_secret_key(folder / "nothing")); }),
                HasSubstr("No such file"));
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { static_cast<void>(read_secret_key(folder / "a")); }),
                HasSubstr("no regular file"));
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { static_cast<void>(read_secret_key(folder / "pipe")); }),
                HasSubstr("no regular file"));
}

TEST(Keys, TheHalvesOfAPairAreNotConfused) {
    const KeyFolder folder;
    const KeyFiles files = folder.make("a");
    EXPECT_THAT(refusal(ErrorKind::bad_argument, [&] { static_cast<void>(read_public_key(files.secret_key_file)); }),
                HasSubstr("other half"));
    ASSERT_EQ(chmod(files.public_key_file.c_str(), 0600), 0);
    EXPECT_THAT(refusal(ErrorKind::bad_argument, [&] { static_cast<void>(read_secret_key(files.public_key_file)); }),
                HasSubstr("other half"));
}

TEST(AllowedKeys, AreThoseOfTheFolderAndTheFixedOne) {
    const KeyFolder folder;
    const KeyFiles one = folder.make("one");
    const KeyFiles two = folder.make("two");
    AllowedKeys allowed(folder.allowing(one), two.public_key);
    const auto now = AllowedKeys::Clock::now();
    EXPECT_EQ(allowed.size(), 2U);
    EXPECT_TRUE(allowed.admits(one.public_key, now));
    EXPECT_TRUE(allowed.admits(two.public_key, now));
    EXPECT_FALSE(allowed.admits(folder.make("three").public_key, now));
    EXPECT_FALSE(allowed.admits("", now));
    EXPECT_FALSE(AllowedKeys("", "").admits("", now));
}

TEST(AllowedKeys, ComeAndGoWithTheirFiles) {
    const KeyFolder folder;
    const KeyFiles one = folder.make("one");
    const KeyFiles two = folder.make("two");
    AllowedKeys allowed(folder.allowing(one), "");
    auto now = AllowedKeys::Clock::now();
    EXPECT_FALSE(allowed.admits(two.public_key, now));
    const std::filesystem::path added = folder / "one" / "second.pub";
    std::filesystem::copy_file(two.public_key_file, added);
    now += std::chrono::seconds(2);
    EXPECT_TRUE(allowed.admits(two.public_key, now));
    std::filesystem::remove(added);
    EXPECT_TRUE(allowed.admits(two.public_key, now)) << "looked at more than once a second";
    now += std::chrono::seconds(2);
    EXPECT_FALSE(allowed.admits(two.public_key, now));
    EXPECT_TRUE(allowed.admits(one.public_key, now));
}

TEST(AllowedKeys, AFileThatIsNoKeyStopsTheStartAndLaterOnlyItself) {
    const KeyFolder folder;
    const KeyFiles one = folder.make("one");
    AllowedKeys allowed(folder.allowing(one), "");
    write_file(folder / "one" / "bad.pub", "no key");
    const auto later = AllowedKeys::Clock::now() + std::chrono::seconds(2);
    EXPECT_TRUE(allowed.admits(one.public_key, later));
    EXPECT_THAT(refusal(ErrorKind::bad_argument, [&] { AllowedKeys(folder.allowing(one), ""); }), HasSubstr("bad.pub"));
}

TEST(AllowedKeys, AFolderThatOthersCanWriteAdmitsNobody) {
    const KeyFolder folder;
    const KeyFiles one = folder.make("one");
    AllowedKeys allowed(folder.allowing(one), "");
    ASSERT_EQ(chmod(folder.allowing(one).c_str(), 0777), 0);
    EXPECT_FALSE(allowed.admits(one.public_key, AllowedKeys::Clock::now() + std::chrono::seconds(2)));
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { AllowedKeys(folder.allowing(one), ""); }),
                HasSubstr("chmod go-w"));
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { AllowedKeys(folder / "nothing", ""); }), HasSubstr("nothing"));
}

TEST(AllowedKeys, AreLimitedInNumber) {
    const KeyFolder folder;
    const KeyFiles one = folder.make("one");
    for (std::size_t i = 0; i < AllowedKeys::kMost; ++i) {
        write_file(folder / "one" / (std::to_string(i) + ".pub"), "");
    }
    EXPECT_THAT(refusal(ErrorKind::environment, [&] { AllowedKeys(folder.allowing(one), ""); }),
                HasSubstr("more than 4096 keys"));
}

}  // namespace
}  // namespace remit::control::test
