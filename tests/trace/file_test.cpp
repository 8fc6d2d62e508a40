#include "checked_trace.hpp"

#include "trace/trace.hpp"

#include <remit/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace remit::trace {
namespace {

using test::CheckedTrace;
using test::TraceName;

const Identity kMe{Role::embedding, "tcp://127.0.0.1:7700", {"dev0"}};

std::optional<ErrorKind> kind_thrown_by(const std::function<void()>& call, std::string& message) {
    try {
        call();
    } catch (const Error& error) {
        message = error.what();
        return error.kind();
    }
    return std::nullopt;
}

TEST(Trace, WithoutAFileThereIsNone) { EXPECT_EQ(open({}, kMe), nullptr); }

TEST(Trace, SaysWhoseItIsAndByWhichClock) {
    const TraceName name("whose");
    { const Trace trace({.file = name.text()}, kMe); }
    const CheckedTrace file(name.text());
    const auto& about = file.whole["otherData"];
    EXPECT_EQ(about["format"], "remit-trace/1");
    EXPECT_EQ(about["role"], "embedding");
    EXPECT_EQ(about["endpoint"], "tcp://127.0.0.1:7700");
    EXPECT_EQ(about["clock"], "CLOCK_MONOTONIC");
    EXPECT_EQ(about["boot_id"], clock_identity().boot);
    EXPECT_EQ(file.dropped(), 0U);
}

TEST(Trace, WhatWasRecordedWhenCloseReturnsIsInTheFile) {
    const TraceName name("closed");
    Trace trace({.file = name.text()}, kMe);
    for (std::uint32_t i = 0; i < 3000; ++i) trace.recorder().add(Immediate{.time = i + 1, .queue_pair = i});
    trace.close();
    const CheckedTrace file(name.text());
    EXPECT_EQ(file.named("i", "end of a round of attempt 0").size(), 3000U);
    trace.close();  // again: nothing
}

TEST(Trace, AFullRingIsCountedAndSaidInTheFile) {
    const TraceName name("overflow");
    constexpr std::uint64_t kRecords = 200'000;
    Trace trace({.file = name.text(), .records = 1024}, kMe);
    for (std::uint64_t i = 0; i < kRecords; ++i) trace.recorder().add(Immediate{.time = static_cast<Nanoseconds>(i + 1)});
    trace.close();
    const CheckedTrace file(name.text());
    const std::size_t kept = file.named("i", "end of a round of attempt 0").size();
    EXPECT_GE(kept, 1024U);
    EXPECT_EQ(kept + file.dropped(), kRecords);
    EXPECT_EQ(trace.dropped(), file.dropped());
    EXPECT_EQ(file.named("i", "records left out").empty(), file.dropped() == 0);
}

TEST(Trace, AFileThatCannotBeOpenedIsNamed) {
    std::string message;
    EXPECT_EQ(kind_thrown_by([] { Trace trace({.file = "/nonexistent/folder/trace.json"}, kMe); }, message),
              ErrorKind::environment);
    EXPECT_THAT(message, testing::HasSubstr("/nonexistent/folder/trace.json"));
    EXPECT_THAT(message, testing::HasSubstr("No such file"));
}

TEST(Trace, TwoWorkersDoNotShareAFile) {
    const TraceName name("shared");
    const Trace first({.file = name.text()}, kMe);
    std::string message;
    EXPECT_EQ(kind_thrown_by([&] { Trace second({.file = name.text()}, kMe); }, message), ErrorKind::misuse);
    EXPECT_THAT(message, testing::HasSubstr("another worker"));
}

TEST(Trace, ADiskThatIsFullEndsTheTraceAndNotTheWorker) {
    Trace trace({.file = "/dev/full"}, kMe);
    for (int i = 0; i < 100; ++i) trace.recorder().add(Immediate{.time = i + 1});
    trace.close();
    EXPECT_EQ(trace.dropped(), 100U);
}

TEST(Trace, FarTooFewOrTooManyRecordsAreRefused) {
    std::string message;
    for (const std::uint32_t records : {0U, 1023U, (1U << 22) + 1}) {
        EXPECT_EQ(kind_thrown_by([&] { check_options({.records = records}); }, message), ErrorKind::bad_argument);
        EXPECT_THAT(message, testing::HasSubstr("trace.records is " + std::to_string(records)));
    }
    EXPECT_NO_THROW(check_options({}));
}

}  // namespace
}  // namespace remit::trace
