#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "run_command.hpp"
#include "tools/demo/demo_keys.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
}

TEST(Keygen, WritesAPairAndShowsOnlyItsPublicHalf) {
    const TemporaryFolder folder;
    const std::string where = folder / "keys";
    const Outcome outcome = run_command({"keygen", where});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(mode_of(where + "/remit.key"), 0600U);
    const std::string secret = read_text(where + "/remit.key");
    const std::string text = read_text(where + "/remit.pub");
    EXPECT_THAT(secret, HasSubstr("remit-secret-key-1 "));
    EXPECT_THAT(text, HasSubstr("remit-public-key-1 "));
    EXPECT_THAT(outcome.out, AllOf(HasSubstr(text.substr(19, 40)), Not(HasSubstr(secret.substr(19, 40)))));
}

TEST(Keygen, DoesNotReplaceAKey) {
    const TemporaryFolder folder;
    ASSERT_EQ(run_command({"keygen", folder.path()}).status, 0);
    const std::string before = read_text(folder / "remit.key");
    const Outcome again = run_command({"keygen", folder.path()});
    EXPECT_EQ(again.status, 2);
    EXPECT_THAT(again.err, HasSubstr("is not replaced"));
    EXPECT_EQ(read_text(folder / "remit.key"), before);
}

TEST(Keygen, NamesAFolderThatCannotBeWritten) {
    const Outcome outcome = run_command({"keygen", "/proc/keys-of-nobody"});
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("/proc/keys-of-nobody"));
}

TEST(DemoKeys, AreInAFolderOfTheirOwnAndGoWithIt) {
    std::filesystem::path folder;
    {
        const DemoKeys keys;
        folder = keys.folder();
        EXPECT_EQ(mode_of(folder), 0700U);
        const Options embed = keys.added_to({}, Command::embed);
        const Options language = keys.added_to({}, Command::language);
        EXPECT_EQ(mode_of(embed.key), 0600U);
        EXPECT_EQ(mode_of(language.key), 0600U);
        EXPECT_TRUE(std::filesystem::exists(language.server_key));
        EXPECT_TRUE(std::filesystem::is_directory(embed.allow_keys));
        EXPECT_EQ(keys.arguments(Command::embed).front(), "--key=" + embed.key);
    }
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(DemoKeys, AreUsedByTheDemoAndGoneAfterwards) {
    const TemporaryFolder folder;
    ASSERT_EQ(setenv("TMPDIR", folder.path().c_str(), 1), 0);
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--log-level", "info"});
    const Outcome failed = run_command({"demo", "--device", "nosuch", "--log-level", "info"});
    ASSERT_EQ(unsetenv("TMPDIR"), 0);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    // Both workers say so.
    const std::size_t first = outcome.err.find("control channel: encrypted");
    ASSERT_NE(first, std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("control channel: encrypted", first + 1), std::string::npos) << outcome.err;
    EXPECT_NE(failed.status, 0);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("remit-demo")));
    }
}

TEST(Keys, ASecretThatOthersCanReadIsRefusedByTheCommand) {
    const TemporaryFolder folder;
    ASSERT_EQ(run_command({"keygen", folder.path()}).status, 0);
    ASSERT_EQ(chmod((folder / "remit.key").c_str(), 0644), 0);
    const Outcome outcome = run_command({"embed", "--listen", "tcp://127.0.0.1:0", "--hidden", "64", "--key",
                                         folder / "remit.key", "--allow-keys", folder.path()});
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace remit::tools::test
