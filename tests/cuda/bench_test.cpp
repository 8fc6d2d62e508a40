#include "bench/json.hpp"
#include "bench/options.hpp"

#include <gtest/gtest.h>

namespace remit::gpu::bench {
namespace {

Parsed parse_words(std::vector<std::string> words, Options& options) {
    words.insert(words.begin(), "copy_bench");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    return parse(static_cast<int>(arguments.size()), arguments.data(), options);
}

TEST(BenchOptions, DefaultsAreTheWholeTable) {
    Options options;
    EXPECT_EQ(parse_words({}, options), Parsed::run);
    EXPECT_EQ(options.mebibytes, (std::vector<std::uint64_t>{1, 4, 16, 64}));
    EXPECT_EQ(options.hidden, (std::vector<std::uint64_t>{1280, 4096, 8192}));
}

TEST(BenchOptions, TakesWhatItIsGiven) {
    Options options;
    EXPECT_EQ(parse_words({"--sizes", "4,16", "--hidden", "1280", "--device", "2", "--seconds", "0.5", "--out", "x"},
                          options),
              Parsed::run);
    EXPECT_EQ(options.mebibytes, (std::vector<std::uint64_t>{4, 16}));
    EXPECT_EQ(options.hidden, (std::vector<std::uint64_t>{1280}));
    EXPECT_EQ(options.device, 2);
    EXPECT_EQ(options.seconds, 0.5);
    EXPECT_EQ(options.out, "x");
}

TEST(BenchOptions, RefusesWhatItDoesNotUnderstand) {
    const std::vector<std::vector<std::string>> wrong = {
        {"--size", "4"},   {"--sizes"},        {"--sizes", ""},      {"--sizes", "4,,"},    {"--sizes", "0"},
        {"--sizes", "4x"}, {"--device", "-1"}, {"--seconds", "nan"}, {"--seconds", "1000"}, {"--hidden", "a"}};
    for (const auto& words : wrong) {
        Options options;
        EXPECT_EQ(parse_words(words, options), Parsed::wrong) << words[0];
    }
}

TEST(BenchOptions, HelpIsNoMistake) {
    Options options;
    EXPECT_EQ(parse_words({"--help"}, options), Parsed::help);
}

TEST(BenchJson, NestsAndQuotes) {
    Json json;
    json.open("", '{');
    json.add("name", "a \"b\"");
    json.open("list", '[');
    for (const double value : {1.0, 2.5}) {
        json.open("", '{');
        json.add("value", value);
        json.close('}');
    }
    json.close(']');
    json.add("last", 3);
    json.close('}');
    EXPECT_EQ(json.text(), "{\"name\": \"a \\\"b\\\"\",\n\"list\": [{\"value\": 1},\n{\"value\": 2.5}],\n\"last\": 3}");
}

}  // namespace
}  // namespace remit::gpu::bench
