// Peers that a file lists.

#include "bootstrap/directory.hpp"

#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace remit::bootstrap::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PeersFile : public testing::Test {
protected:
    ~PeersFile() override { std::filesystem::remove(path_); }

    std::unique_ptr<Directory> opened(const std::string& text) {
        std::ofstream(path_) << text;
        return open_peers_file(path_);
    }
    std::string refused(const std::string& text) {
        return refusal([&] { static_cast<void>(opened(text)); });
    }

    const std::string path_ =
        (std::filesystem::temp_directory_path() / ("remit_peers_" + std::to_string(getpid()) + ".toml")).string();
};

TEST_F(PeersFile, ListsRanksWithTheirEndpoints) {
    const std::string key(40, 'k');
    const auto directory = opened("[[peer]]\nendpoint = 'tcp://10.0.0.5:7700'\n[[peer]]\nendpoint = 'tcp://[fd00::6]:7700'\n"
                                  "tp_rank = 1\ndp_rank = 2\npp_rank = 3\npublic_key = '" + key + "'\n");
    EXPECT_EQ(directory->find({0, 0, 0}), (Peer{"10.0.0.5", 7700}));
    EXPECT_EQ(directory->find({1, 2, 3}), (Peer{"fd00::6", 7700, key}));
    EXPECT_EQ(directory->find({1, 0, 0}), std::nullopt);
    EXPECT_EQ(directory->name(), path_);
    EXPECT_THAT(refusal([&] { directory->publish({}, {}, {"10.0.0.5", 1}, std::chrono::seconds(1)); }), HasSubstr(path_));
}

TEST_F(PeersFile, MistakesNameFileAndLine) {
    EXPECT_THAT(refused("[[peer]]\nendpoint = 'tcp://host:7700'\n"), AllOf(HasSubstr(path_ + ":2: "), HasSubstr("not numeric")));
    EXPECT_THAT(refused("[[peer]]\ntp_rank = 0\n"), AllOf(HasSubstr(path_ + ":1: "), HasSubstr("endpoint is missing")));
    EXPECT_THAT(refused("[[peer]]\nendpoint = 5\n"), AllOf(HasSubstr(path_ + ":2: "), HasSubstr("no string")));
    EXPECT_THAT(refused("[[peer]]\nendpoint = 'tcp://10.0.0.5:7700'\ntp_rank = -1\n"),
                AllOf(HasSubstr(path_ + ":3: "), HasSubstr("0 to 65535")));
    EXPECT_THAT(refused("[[peer]]\nendpoint = 'tcp://10.0.0.5:7700'\ntp_rnak = 1\n"),
                AllOf(HasSubstr(path_ + ":3: "), HasSubstr("\"tp_rnak\"")));
    EXPECT_THAT(refused("[[peer]]\nendpoint = 'tcp://10.0.0.5:1'\n[[peer]]\nendpoint = 'tcp://10.0.0.5:2'\n"),
                AllOf(HasSubstr(path_ + ":3: "), HasSubstr("twice")));
    EXPECT_THAT(refused("[[peer]]\nendpoint = 'tcp://10.0.0.5:1'\npublic_key = 'x'\n"), HasSubstr("public key"));
    for (const char* wrong : {"", "peer = 5", "[peer]\nendpoint = 'tcp://10.0.0.5:1'", "peer = [1]",
                              "[[peer]]\nendpoint = 'tcp://10.0.0.5:1'\n[other]\nx = 1"}) {
        EXPECT_THAT(refused(wrong), HasSubstr("[[peer]]")) << wrong;
    }
    EXPECT_THAT(refused("[[peer]\n"), HasSubstr(path_ + ":1: this is no TOML"));
    EXPECT_THAT(refused("\n[[[\n"), HasSubstr(path_ + ":2: this is no TOML"));  // what toml++ takes for impossible
    EXPECT_THAT(refusal([] { static_cast<void>(open_peers_file("/nonexistent.toml")); }), HasSubstr("/nonexistent.toml"));
}

}  // namespace
}  // namespace remit::bootstrap::test
