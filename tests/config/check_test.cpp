// What workers ask of their options is what the keys permit.

#include "config/check.hpp"

#include "config/key.hpp"
#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace remit::config::test {
namespace {

using ::testing::HasSubstr;

TEST(Check, DefaultsPass) {
    EXPECT_EQ(refusal([] { check(EmbeddingWorkerOptions{}); }), "(accepted)");
    EXPECT_EQ(refusal([] { check(LanguageWorkerOptions{}); }), "(accepted)");
    EXPECT_EQ(refusal([] { check(MemoryOptions{}); }), "(accepted)");
}

/// What a worker says of options with that value of that key.
std::string judged(const Key& key, std::int64_t value) {
    Config config;
    key.access.set(config, value);
    if (key.access.get(config) != Value(value)) return "(the field holds no such value)";
    if (key.access.embedding) return refusal([&] { check(config.embedding); });
    return refusal([&] { check(config.language); });
}

TEST(Check, EachBoundIsPermittedAndOneStepBeyondIsNot) {
    std::size_t judged_beyond = 0;
    for (const Key& key : keys()) {
        const bool counted = key.kind == Kind::integer || key.kind == Kind::size || key.kind == Kind::duration;
        if (!counted || !key.only.empty() || key.most == kUnbounded) continue;
        // A bound may contradict another key's default; it is never out of its own range.
        const std::string range = "permitted: " + key.permitted();
        EXPECT_THAT(judged(key, key.least), testing::Not(HasSubstr(range))) << key.name;
        EXPECT_THAT(judged(key, key.most), testing::Not(HasSubstr(range))) << key.name;
        for (const std::int64_t beyond : {key.least - key.step, key.most + key.step}) {
            const std::string said = judged(key, beyond);
            if (said == "(the field holds no such value)") continue;
            ++judged_beyond;
            EXPECT_THAT(said, testing::AllOf(HasSubstr(key.name + " is "), HasSubstr(range))) << beyond;
        }
    }
    EXPECT_GT(judged_beyond, 60U);
}

TEST(Check, NamesKeyValueAndRange) {
    EmbeddingWorkerOptions options;
    options.fabric.queue_pairs = 17;
    EXPECT_EQ(refusal([&] { check(options); }), "fabric.queue_pairs is 17; permitted: 1 to 16");
    options = {};
    options.timing.room_deadline = std::chrono::milliseconds::max();
    EXPECT_THAT(refusal([&] { check(options); }), HasSubstr("timing.room_deadline is "));
    options = {};
    options.gather = static_cast<Gather>(9);
    EXPECT_EQ(refusal([&] { check(options); }), "embedding.gather is 9; permitted: auto, always, never");
    options = {};
    options.in_place_bytes = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(refusal([&] { check(options); }), "(accepted)");
    MemoryOptions memory;
    memory.device = 1024;
    EXPECT_THAT(refusal([&] { check(memory); }), HasSubstr("memory.device is 1024; permitted: 0 to 1023"));
}

TEST(Check, ContradictionsAreNamed) {
    LanguageWorkerOptions options;
    options.timing.peer_silence = options.timing.ping_period;
    EXPECT_THAT(refusal([&] { check(options); }), HasSubstr("timing.peer_silence"));
    options = {};
    options.guess.least_tokens = 10;
    options.guess.most_tokens = 9;
    EXPECT_THAT(refusal([&] { check(options); }), HasSubstr("permitted: 1 to 9"));
}

}  // namespace
}  // namespace remit::config::test
