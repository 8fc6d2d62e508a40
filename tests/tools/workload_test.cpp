#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <remit/language_worker.hpp>

#include "temporary_folder.hpp"
#include "tools/cli/parse.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Workload work_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "demo");
    return make_workload(*parse(arguments).options);
}

std::string refusal(const std::vector<std::string>& arguments) {
    try {
        static_cast<void>(work_of(arguments));
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(accepted)";
}

void write_small_request(const TemporaryFolder& folder) {
    RequestFolder request;
    request.tokens = 5;
    request.hidden = 3;
    request.dtype = DType::fp16;
    request.embeddings.resize(30);
    request.fill_ids.resize(20);
    request.mrope_positions.resize(60);
    write_request(folder.path(), request);
}

TEST(Workload, TheGuessIsClampedToThePool) {
    EXPECT_EQ(work_of({}).expected_tokens, 1024U);
    EXPECT_EQ(work_of({"--pool-blocks", "4"}).expected_tokens, 512U);
    EXPECT_EQ(work_of({"--allocate", "0", "--pool-blocks", "4"}).expected_tokens, 0U);
    EXPECT_EQ(work_of({"--allocate", "auto", "--pool-blocks", "4"}).expected_tokens, kAutoTokens);
}

TEST(Workload, EachRankHasItsOwnGuessClampedToItsPool) {
    const Workload work = work_of({"--ranks", "3", "--allocate", "300,1024,4000", "--pool-blocks", "16"});
    EXPECT_EQ(work.of_rank(0).expected_tokens, 300U);
    EXPECT_EQ(work.of_rank(1).expected_tokens, 1024U);
    EXPECT_EQ(work.of_rank(2).expected_tokens, 2048U);
    EXPECT_EQ(work_of({"--ranks", "3", "--allocate", "7"}).of_rank(2).expected_tokens, 7U);
}

TEST(Workload, TheSendersPoolHoldsWhatIsInFlight) {
    EXPECT_EQ(work_of({}).sender_pool_blocks, 16U);
    EXPECT_EQ(work_of({"--requests", "3", "--hidden", "64"}).sender_pool_blocks, 48U);
    EXPECT_EQ(work_of({"--requests", "40", "--concurrency", "2", "--hidden", "64"}).sender_pool_blocks, 32U);
    EXPECT_EQ(work_of({"--sender-block-size", "80"}).sender_pool_blocks, 25U);
    EXPECT_EQ(work_of({"--sender-block-size", "80"}).receiver_layout.block_size(), 128U);
    EXPECT_EQ(work_of({"--source", "contiguous"}).sender_pool_blocks, 1U);
}

TEST(Workload, ASendersPoolTooSmallForOneRequestIsRefused) {
    EXPECT_THAT(refusal({"--sender-pool-blocks", "15"}),
                AllOf(HasSubstr("--sender-pool-blocks"), HasSubstr("\"15\""), HasSubstr("16 or more")));
    EXPECT_EQ(work_of({"--sender-pool-blocks", "16", "--requests", "4", "--hidden", "64"}).sender_pool_blocks, 16U);
}

TEST(Workload, WhatNoMachineHoldsIsRefusedBeforeItIsAllocated) {
    const std::vector<std::string> huge{"--tokens", "2147483647", "--hidden", "1048576", "--dtype", "fp32"};
    EXPECT_THAT(refusal(huge), AllOf(HasSubstr("GiB"), HasSubstr("--tokens")));
    EXPECT_THAT(refusal({"--pool-blocks", "16777216", "--block-size", "65536", "--hidden", "1048576", "--deepstack",
                         "64", "--dtype", "fp32"}),
                HasSubstr("permitted"));
    EXPECT_THAT(refusal({"--tokens", "2147483647", "--block-size", "1", "--concurrency", "4096", "--requests", "4096"}),
                HasSubstr("--concurrency"));
}

TEST(Workload, FilesSetTheShape) {
    const TemporaryFolder folder;
    write_small_request(folder);
    const Workload work = work_of({"--input", folder.path().string()});
    EXPECT_EQ(work.tokens, 5U);
    EXPECT_EQ(work.receiver_layout.shape().hidden, 3U);
    EXPECT_EQ(work.receiver_layout.shape().dtype, DType::fp16);
    EXPECT_EQ(work.payload(1)->tokens(), 5U);
    EXPECT_EQ(work_of({"--input", folder.path().string(), "--hidden", "3"}).tokens, 5U);
}

TEST(Workload, AnOutputThatCannotBeWrittenIsRefusedBeforeTheRun) {
    const TemporaryFolder folder;
    write_small_request(folder);
    const std::string input = folder.path().string();
    write_text(folder / "file", "x");
    std::filesystem::create_directories(folder / "taken" / "embeddings.npy");
    std::filesystem::create_symlink("loop", folder / "loop");
    for (const std::string& name : {std::string("file"), std::string("file/below"), std::string("taken"),
                                    std::string("loop"), std::string(300, 'x')}) {
        EXPECT_THAT(refusal({"--output", (folder / name).string()}), HasSubstr("option --output")) << name;
    }
    EXPECT_THAT(refusal({"--input", input, "--output", input + "/."}), HasSubstr("is the folder of --input"));
    EXPECT_EQ(work_of({"--input", input, "--output", (folder / "new" / "er").string()}).tokens, 5U);
    EXPECT_TRUE(std::filesystem::is_directory(folder / "new" / "er"));
}

TEST(Workload, AnInputThatIsNoFolderIsRefused) {
    const TemporaryFolder folder;
    std::filesystem::create_symlink("loop", folder / "loop");
    for (const std::string& name : {std::string("none"), std::string("loop"), std::string(300, 'x')}) {
        EXPECT_THAT(refusal({"--input", (folder / name).string()}), HasSubstr("option --input")) << name;
    }
}

TEST(Workload, OptionsThatContradictFilesNameBoth) {
    const TemporaryFolder folder;
    write_small_request(folder);
    const auto contradiction = [&](const char* option, const char* value) {
        return refusal({"--input", folder.path().string(), option, value});
    };
    EXPECT_THAT(contradiction("--hidden", "4"), AllOf(HasSubstr("--hidden"), HasSubstr("\"4\""), HasSubstr("have 3")));
    EXPECT_THAT(contradiction("--tokens", "6"), AllOf(HasSubstr("--tokens"), HasSubstr("\"6\""), HasSubstr("have 5")));
    EXPECT_THAT(contradiction("--dtype", "bf16"), AllOf(HasSubstr("\"bf16\""), HasSubstr("have fp16")));
    EXPECT_THAT(contradiction("--deepstack", "1"), AllOf(HasSubstr("\"1\""), HasSubstr("have 0")));
}

}  // namespace
}  // namespace remit::tools::test
