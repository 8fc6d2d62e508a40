// remit trace-merge, on traces that are made up and on those of a demo.

#include "tools/trace/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <remit/error.hpp>

#include <cmath>
#include <fstream>
#include <random>

#include "../trace/checked_trace.hpp"
#include "run_command.hpp"
#include "tools/trace/arrows.hpp"
#include "tools/trace/clocks.hpp"
#include "tools/trace/half_names.hpp"
#include "tools/trace/trace_file.hpp"

namespace remit::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using nlohmann::json;
using trace::test::CheckedTrace;

constexpr double kMs = 1e6;

/// Writes traces of two workers whose clocks are apart, with messages that are on the way for as long as it is told.
class TwoWorkers {
public:
    /// @param ahead by how much the language worker's clock is ahead, nanoseconds, and by which share it runs faster
    explicit TwoWorkers(double ahead, double drift = 0) : ahead_(ahead), drift_(drift) {}

    void embedding_to_language(const std::string& name, double sent, double delay, const std::string& more = "") {
        event(embedding_, name, "sent", sent, "embedding", more);
        event(language_, name, "received", language_time(sent + delay), "embedding", more);
    }
    void language_to_embedding(const std::string& name, double sent, double delay, const std::string& more = "") {
        event(language_, name, "sent", language_time(sent), "language", more);
        event(embedding_, name, "received", sent + delay, "language", more);
    }
    /// A PING of the language worker's and its answer.
    void ping(std::uint64_t sequence, double sent, double there, double back) {
        const std::string more = ",\"sequence\":" + std::to_string(sequence);
        language_to_embedding("PING", sent, there, more);
        embedding_to_language("PONG", sent + there + 0.01 * kMs, back, more);
    }
    void only_sent_by_language(const std::string& name, double sent) {
        event(language_, name, "sent", language_time(sent), "language", "");
    }
    [[nodiscard]] double language_time(double time) const { return time + ahead_ + drift_ * time; }

    void write(const TemporaryFolder& folder, const std::string& embedding_boot = "boot a",
               const std::string& language_boot = "boot b") const {
        write_one(folder / "e.json", "embedding", embedding_boot, embedding_);
        write_one(folder / "l.json", "language", language_boot, language_);
    }

private:
    static void event(std::vector<std::string>& events, const std::string& name, const std::string& direction, double time,
                      const std::string& from, const std::string& more) {
        char ts[64];
        std::snprintf(ts, sizeof ts, "%.3f", time / 1e3);
        events.push_back(R"({"ph":"X","pid":5,"tid":100000,"ts":)" + std::string(ts) + R"(,"dur":1.500,"name":")" + name +
                         R"(","args":{"direction":")" + direction + R"(","session":"77","generation":1)" + more +
                         R"(,"match":")" + name + " from " + from + sequence_text(more) + R"("}})");
    }
    static std::string sequence_text(const std::string& more) {
        std::string text;
        if (!more.empty()) text.append(" ").append(more, more.find(':') + 1, std::string::npos);
        return text;
    }
    static void write_one(const std::filesystem::path& path, const std::string& role, const std::string& boot,
                          const std::vector<std::string>& events) {
        std::ofstream file(path);
        file << "{\"displayTimeUnit\":\"ms\",\n\"otherData\":"
             << json{{"format", "remit-trace/1"}, {"role", role}, {"endpoint", "tcp://x:1"}, {"boot_id", boot}, {"time_namespace", "time:[1]"}}
             << ",\n\"traceEvents\":[\n"
             << R"({"ph":"M","name":"thread_name","pid":5,"tid":100000,"args":{"name":"control messages"}})";
        for (const std::string& one : events) file << ",\n" << one;
        file << ",\n" << R"({"ph":"M","name":"remit_trace_end","pid":5,"args":{"records":1,"dropped":0}})" << "\n]}\n";
    }

    const double ahead_;
    const double drift_;
    std::vector<std::string> embedding_;
    std::vector<std::string> language_;
};

std::vector<TraceFile> files_in(const TemporaryFolder& folder) {
    std::vector<TraceFile> files;
    files.emplace_back((folder / "e.json").string());
    files.emplace_back((folder / "l.json").string());
    return files;
}

MergeReport merged(const TemporaryFolder& folder) {
    return merge_traces({(folder / "e.json").string(), (folder / "l.json").string()}, (folder / "m.json").string());
}

// -------------------------------------------------------------------------------------- clocks

TEST(TraceClocks, AnOffsetIsFoundWithinItsBoundWhateverTheDelays) {
    std::mt19937 random(7);
    std::exponential_distribution<double> queueing(1 / (0.3 * kMs));
    for (const double ahead : {0.0, 3.7 * kMs, -5000.123 * kMs, 9e12}) {
        TwoWorkers workers(ahead);
        for (std::uint64_t i = 0; i < 20; ++i) {
            const double sent = 1e13 + static_cast<double>(i) * 200 * kMs;
            workers.ping(i + 1, sent, 0.02 * kMs + queueing(random), 0.02 * kMs + queueing(random));
        }
        const TemporaryFolder folder;
        workers.write(folder);
        const std::vector<FileClock> clocks = relate_clocks(files_in(folder));
        const double time = workers.language_time(1e13);
        const double error = std::abs(static_cast<double>(clocks[1].to_first(std::llround(time))) - 1e13);
        EXPECT_LE(error, clocks[1].bound + 2) << clocks[1].how;  // times in the file are rounded to a nanosecond
        EXPECT_LT(clocks[1].bound, 0.5 * kMs) << "the quickest of twenty counts";
        EXPECT_GT(clocks[1].bound, 0);
        EXPECT_THAT(clocks[1].how, HasSubstr("20 PINGs"));
    }
}

TEST(TraceClocks, AskedByEitherSideItIsTheSame) {
    TwoWorkers workers(8 * kMs);
    const std::string more = ",\"sequence\":1";
    workers.embedding_to_language("PING", 1e12, 0.1 * kMs, more);
    workers.language_to_embedding("PONG", 1e12 + 0.2 * kMs, 0.3 * kMs, more);
    const TemporaryFolder folder;
    workers.write(folder);
    const std::vector<FileClock> clocks = relate_clocks(files_in(folder));
    EXPECT_NEAR(clocks[1].bound, 0.2 * kMs, 2);
    EXPECT_NEAR(static_cast<double>(clocks[1].to_first(std::llround(1e12 + 8 * kMs))), 1e12, 0.1 * kMs + 2);
}

TEST(TraceClocks, ADriftIsFollowed) {
    TwoWorkers workers(2 * kMs, 50e-6);
    for (std::uint64_t i = 0; i < 120; ++i) workers.ping(i + 1, 1e9 + static_cast<double>(i) * 1000 * kMs, 0.05 * kMs, 0.06 * kMs);
    const TemporaryFolder folder;
    workers.write(folder);
    const std::vector<FileClock> clocks = relate_clocks(files_in(folder));
    for (const double time : {1e9, 30e9, 77e9, 115e9}) {
        const double found = static_cast<double>(clocks[1].to_first(std::llround(workers.language_time(time))));
        // Outside the first and last measurement it stays as it was there: a tenth of a minute of drift.
        EXPECT_NEAR(found, time, clocks[1].bound + 50e-6 * 10e9) << time;
    }
    EXPECT_THAT(clocks[1].how, HasSubstr("ppm"));
}

TEST(TraceClocks, OneBootOfOneMachineIsOneClock) {
    TwoWorkers workers(0);
    workers.language_to_embedding("INIT", 1e12, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot a", "boot a");
    const std::vector<FileClock> clocks = relate_clocks(files_in(folder));
    EXPECT_EQ(clocks[1].bound, 0);
    EXPECT_EQ(clocks[1].to_first(1234), 1234);
    EXPECT_THAT(clocks[1].how, AllOf(HasSubstr("the same clock"), HasSubstr("no PING")));
}

TEST(TraceClocks, PingsAreBelievedMoreThanABootIdThatCopiedMachinesShare) {
    TwoWorkers workers(900 * kMs);
    workers.ping(1, 1e12, 0.1 * kMs, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot a", "boot a");
    EXPECT_NEAR(static_cast<double>(relate_clocks(files_in(folder))[1].to_first(std::llround(1e12 + 900 * kMs))), 1e12, 0.1 * kMs + 2);
}

TEST(TraceClocks, WithNeitherTheyAreNotRelatedByGuess) {
    TwoWorkers workers(0);
    workers.language_to_embedding("INIT", 1e12, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder);
    try {
        static_cast<void>(relate_clocks(files_in(folder)));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_argument);
        EXPECT_THAT(error.what(), AllOf(HasSubstr("e.json"), HasSubstr("l.json"), HasSubstr("no PING")));
    }
}

// -------------------------------------------------------------------------------------- arrows

TEST(TraceMerge, EveryMessageGetsAnArrowFromItsSliceToTheOther) {
    TwoWorkers workers(5000 * kMs);
    workers.ping(1, 1e12, 0.1 * kMs, 0.1 * kMs);
    workers.language_to_embedding("INIT", 1e12 + 2 * kMs, 0.3 * kMs);
    workers.embedding_to_language("STATUS WaitingForInput", 1e12 + 3 * kMs, 0.4 * kMs);
    workers.only_sent_by_language("ABORT", 1e12 + 9 * kMs);
    const TemporaryFolder folder;
    workers.write(folder);
    const MergeReport report = merged(folder);
    EXPECT_EQ(report.arrows, 4U);
    EXPECT_EQ(report.violations, 0U);
    EXPECT_THAT(report.lines, ::testing::Contains(HasSubstr("sent and not received: ABORT 1")));
    const CheckedTrace all((folder / "m.json").string());
    std::map<std::string, int> ends;
    for (const json& event : all.events) {
        if (event["ph"] != "s" && event["ph"] != "f") continue;
        ends[event["id"]] += event["ph"] == "s" ? 1 : 100;
        const auto holds = [&](const json& slice) {
            return slice["ph"] == "X" && slice["pid"] == event["pid"] && slice["tid"] == event["tid"] &&
                   CheckedTrace::begin(slice) <= CheckedTrace::begin(event) && CheckedTrace::begin(event) < CheckedTrace::end(slice);
        };
        EXPECT_TRUE(std::any_of(all.events.begin(), all.events.end(), holds)) << "in no slice: " << event;
    }
    EXPECT_EQ(ends.size(), 4U);
    for (const auto& [id, both] : ends) EXPECT_EQ(both, 101) << id;
    const auto init = all.slices("INIT");
    ASSERT_EQ(init.size(), 2U);
    EXPECT_NE(init[0]["pid"], init[1]["pid"]);
    EXPECT_NE(init[0]["tid"], init[1]["tid"]) << "readers know a row by its number alone";
    EXPECT_NEAR(std::abs(CheckedTrace::begin(init[0]) - CheckedTrace::begin(init[1])), 300, 101) << "microseconds on the way";
}

TEST(TraceMerge, OfRepeatsTheOrderDecides) {
    TwoWorkers workers(0);
    for (int i = 0; i < 3; ++i) workers.language_to_embedding("INIT", 1e12 + i * 50 * kMs, 0.1 * kMs);
    workers.only_sent_by_language("RESUME", 1e12 + 1 * kMs);  // lost
    workers.language_to_embedding("RESUME", 1e12 + 60 * kMs, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot", "boot");
    const auto files = files_in(folder);
    const Arrows arrows = match_messages(files, relate_clocks(files));
    ASSERT_EQ(arrows.all.size(), 4U);
    for (const Arrow& arrow : arrows.all) {
        EXPECT_NEAR(static_cast<double>(arrow.to.time_ns - arrow.from.time_ns), 0.1 * kMs, 2) << arrow.type;
    }
    EXPECT_EQ(arrows.only_sent.at("RESUME"), 1U);
}

TEST(TraceMerge, AMessageThatCameBeforeItWasSentIsReported) {
    TwoWorkers workers(0);
    workers.language_to_embedding("INIT", 1e12, 0.1 * kMs);
    workers.embedding_to_language("STATUS Failed", 1e12 + 5 * kMs, -2 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot", "boot");
    const MergeReport report = merged(folder);
    EXPECT_EQ(report.violations, 1U);
    EXPECT_THAT(report.lines, ::testing::Contains(AllOf(HasSubstr("STATUS"), HasSubstr("2000.0 us before"))));
    const Outcome outcome =
        run_command({"trace-merge", (folder / "e.json").string(), (folder / "l.json").string(), "-o", (folder / "m.json").string()});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("causality does not hold"));
}

// -------------------------------------------------------------------------------------- files

TEST(TraceMerge, ATraceWithoutItsEndIsTakenAsFarAsItGoes) {
    TwoWorkers workers(0);
    for (int i = 0; i < 10; ++i) workers.language_to_embedding("INIT", 1e12 + i * kMs, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot", "boot");
    const std::string whole = read_text(folder / "l.json");
    for (const std::size_t length : {whole.size() - 30, whole.size() / 2, whole.find("INIT"), whole.find("[\n") + 2}) {
        std::ofstream(folder / "l.json", std::ios::binary) << whole.substr(0, length);
        const TraceFile cut((folder / "l.json").string());
        EXPECT_TRUE(cut.cut()) << length;
        EXPECT_LE(cut.messages().size(), 10U);
        EXPECT_THAT(merged(folder).lines, ::testing::Contains(HasSubstr("its end is missing")));
        CheckedTrace((folder / "m.json").string());
    }
}

TEST(TraceMerge, WhatIsNoTraceIsRefusedWithFileAndLine) {
    TwoWorkers workers(0);
    workers.language_to_embedding("INIT", 1e12, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot", "boot");
    const std::string good = read_text(folder / "l.json");
    const auto replaced = [&](const std::string& what, const std::string& by) {
        std::string text = good;
        text.replace(text.find(what), what.size(), by);
        return text;
    };
    const std::vector<std::string> bad{
        "",
        "[]",
        "hello",
        std::string(3 << 20, 'x'),
        good.substr(0, 20),
        replaced("remit-trace/1", "remit-trace/9"),
        replaced("remit-trace/1", "remit-trace-merged/1"),
        replaced("\"language\"", "\"king\""),
        replaced("\"ph\":\"X\"", "\"ph\":\"\""),
        replaced("\"ph\":\"X\"", "\"ph\":7"),
        replaced("\"pid\":5,\"tid\":100000,\"ts\"", "\"pid\":null,\"tid\":100000,\"ts\""),
        replaced("\"tid\":100000,\"ts\"", "\"tid\":-4,\"ts\""),
        replaced("\"tid\":100000,\"ts\"", "\"tid\":99999999999,\"ts\""),
        replaced("\"dur\":1.500", "\"dur\":\"long\""),
        replaced("\"dur\":1.500", "\"dur\":-1"),
        replaced("\"dur\":1.500", "\"dur\":1e300"),
        replaced("\"direction\":\"sent\"", "\"direction\":\"up\""),
        replaced("\"args\":{\"direction\"", "\"args\":[],\"x\":{\"direction\""),
        replaced("\"name\":\"INIT\"", "\"name\":{}"),
        replaced("{\"ph\":\"X\"", "{{{\"ph\":\"X\""),
        replaced("{\"ph\":\"X\"", "3,{\"ph\":\"X\""),
    };
    for (const std::string& text : bad) {
        std::ofstream(folder / "l.json", std::ios::binary) << text;
        const Outcome outcome = run_command({"trace-merge", (folder / "e.json").string(), (folder / "l.json").string(), "-o",
                                             (folder / "m.json").string()});
        EXPECT_EQ(outcome.status, 2) << text.substr(0, 100) << "\n" << outcome.err;
        EXPECT_THAT(outcome.err, HasSubstr("l.json")) << text.substr(0, 100);
    }
}

TEST(TraceMerge, BytesOfAllKindsEndInAnErrorOrAMerge) {
    TwoWorkers workers(0);
    for (int i = 0; i < 5; ++i) workers.language_to_embedding("INIT", 1e12 + i * kMs, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot", "boot");
    const std::string good = read_text(folder / "l.json");
    std::mt19937 random(11);
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
        std::string text = good;
        for (int k = 0; k < 3; ++k) text[random() % text.size()] = static_cast<char>(random());
        std::ofstream(folder / "l.json", std::ios::binary) << text;
        try {
            static_cast<void>(merged(folder));
        } catch (const Error& error) {
            ++refused;
            EXPECT_EQ(error.kind(), ErrorKind::bad_argument) << error.what();
        }
    }
    EXPECT_GT(refused, 0);
}

TEST(TraceMerge, MisuseExitsWith2AndAMissingFileWith3) {
    TwoWorkers workers(0);
    workers.language_to_embedding("INIT", 1e12, 0.1 * kMs);
    const TemporaryFolder folder;
    workers.write(folder, "boot", "boot");
    const std::string e = (folder / "e.json").string();
    const std::string l = (folder / "l.json").string();
    EXPECT_EQ(run_command({"trace-merge"}).status, 2);
    EXPECT_EQ(run_command({"trace-merge", e}).status, 2);
    EXPECT_EQ(run_command({"trace-merge", e, e, "-o", (folder / "m").string()}).status, 2);
    EXPECT_EQ(run_command({"trace-merge", e, l, "-o", l}).status, 2) << "it would be lost";
    EXPECT_EQ(run_command({"trace-merge", e, l, "-x"}).status, 2);
    EXPECT_EQ(run_command({"trace-merge", e, (folder / "none").string()}).status, 3);
    EXPECT_EQ(run_command({"trace-merge", e, l, "-o", "/nonexistent/m.json"}).status, 3);
    EXPECT_EQ(run_command({"trace-merge", e, l, "-o", (folder / "m").string()}).status, 0);
}

// -------------------------------------------------------------------------------------- demo

TEST(TraceDemo, HalvesAreNamedAfterTheWhole) {
    EXPECT_EQ(half_trace_names("a/run.json", 1), (std::vector<std::string>{"a/run.embedding.json", "a/run.language.json"}));
    EXPECT_EQ(half_trace_names("run", 2),
              (std::vector<std::string>{"run.embedding.json", "run.language-0.json", "run.language-1.json"}));
}

TEST(TraceDemo, LeavesOneFileAWorkerAndOneOfAll) {
    const TemporaryFolder folder;
    const std::string file = (folder / "run.json").string();
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--trace", file});
    ASSERT_EQ(outcome.status, 0) << outcome.err << outcome.out;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("have both ends"), HasSubstr("ui.perfetto.dev")));
    const CheckedTrace all(file);
    for (const std::string& half : half_trace_names(file, 1)) CheckedTrace{half};
    EXPECT_EQ(all.named("b", "room 1").size(), 2U);
    EXPECT_EQ(all.named("b", "room 1 round 1").size(), 2U);
    std::map<std::string, int> resumes;
    for (const json& event : all.events) {
        if (event.value("name", "") == "RESUME") ++resumes[event["ph"]];
    }
    EXPECT_GE(resumes["X"], 2 * resumes["s"]);
    EXPECT_EQ(resumes["s"], resumes["f"]);
    EXPECT_GE(resumes["s"], 1);
}

TEST(TraceDemo, OfSeveralRanksEachHasAFile) {
    const TemporaryFolder folder;
    const std::string file = (folder / "run.json").string();
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--trace", file, "--ranks", "3",
                                         "--allocate", "300,1024,4000", "--tokens", "3000", "--json"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const CheckedTrace all(file);
    EXPECT_EQ(all.named("M", "process_name").size(), 4U);
    EXPECT_EQ(all.named("b", "room 1").size(), 4U);
}

TEST(TraceDemo, ATraceThatCannotBeWrittenIsNotPassedOver) {
    const Outcome outcome = run_command({"demo", "--fabric", "loopback", "--hidden", "64", "--trace", "/nonexistent/t.json"});
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.err, HasSubstr("/nonexistent/t.embedding.json"));
}

}  // namespace
}  // namespace remit::tools::test
