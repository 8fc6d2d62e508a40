#include "tools/trace/merge.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "tools/trace/arrows.hpp"
#include "tools/trace/clocks.hpp"
#include "tools/trace/trace_file.hpp"
#include "trace/format.hpp"

namespace remit::tools {
namespace {

using nlohmann::json;

constexpr std::size_t kToldViolations = 5;
// Rows of a file come after those of the file before: readers know a row by its number alone, whatever its process.
constexpr std::uint64_t kRowsOfFile = 10'000'000;
constexpr std::size_t kMostFiles = 400;  // as many fit the format's 32 bits

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string micros(std::int64_t time) { return fmt::format("{}.{:03}", time / 1000, time % 1000); }

void check_files(const std::vector<std::string>& files, const std::string& output) {
    if (files.size() < 2 || files.size() > kMostFiles) {
        throw Error(ErrorKind::bad_argument, fmt::format("trace-merge: {} files; permitted: 2 to {}", files.size(), kMostFiles));
    }
    for (const std::string& file : files) {
        std::error_code error;
        if (!std::filesystem::equivalent(file, output, error)) continue;
        throw Error(ErrorKind::bad_argument, "option -o: \"" + output + "\" is one of the traces; permitted: another file");
    }
    for (auto one = files.begin(); one != files.end(); ++one) {
        if (std::find(files.begin(), one, *one) == one) continue;
        throw Error(ErrorKind::bad_argument, "trace-merge: " + *one + " is named twice; permitted: once");
    }
}

class Merge {
public:
    Merge(const std::vector<TraceFile>& files, const std::vector<FileClock>& clocks, const Arrows& arrows,
          const std::string& output)
        : files_(files), clocks_(clocks), arrows_(arrows), name_(output), out_(output, std::ios::binary) {
        if (!out_) throw failure("cannot be written");
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (!files[i].first_ns()) continue;
            const std::int64_t first = clocks[i].to_first(*files[i].first_ns());
            first_ = std::min(first_.value_or(first), first);
        }
    }

    void write() {
        write_header();
        for (std::size_t i = 0; i < files_.size(); ++i) write_file(i);
        for (std::size_t i = 0; i < arrows_.all.size(); ++i) write_arrow(arrows_.all[i], i + 1);
        out_ << "\n]}\n";
        if (!out_.flush()) throw failure("cannot be written to its end");
    }

private:
    [[nodiscard]] Error failure(const char* what) const {
        return Error(ErrorKind::environment, name_ + ": " + what + ": " + std::strerror(errno));
    }
    [[nodiscard]] static std::uint64_t process_of(std::size_t file) { return file + 1; }
    [[nodiscard]] static std::uint64_t row_of(std::size_t file, std::uint64_t row) {
        return process_of(file) * kRowsOfFile + row % kRowsOfFile;
    }

    void line(const std::string& event) {
        out_ << (any_ ? ",\n" : "") << event;
        any_ = true;
    }

    void write_header() {
        json about{{"format", trace::kMergedFormat}, {"files", json::array()}};
        for (std::size_t i = 0; i < files_.size(); ++i) {
            about["files"].push_back({{"file", files_[i].path()},
                                      {"role", files_[i].role()},
                                      {"endpoint", files_[i].endpoint()},
                                      {"clock", clocks_[i].how},
                                      {"clock bound us", clocks_[i].bound / 1e3},
                                      {"records left out", files_[i].dropped()},
                                      {"cut off", files_[i].cut()}});
        }
        out_ << "{\"displayTimeUnit\":\"ms\",\n\"otherData\":" << dumped(about) << ",\n\"traceEvents\":[\n";
        for (std::size_t i = 0; i < files_.size(); ++i) {
            line(fmt::format(R"({{"ph":"M","name":"process_sort_index","pid":{0},"args":{{"sort_index":{0}}}}})", process_of(i)));
        }
    }

    void write_file(std::size_t file) {
        files_[file].for_each_event([&](json& event) {
            event["pid"] = process_of(file);
            if (event.contains("tid")) event["tid"] = row_of(file, event["tid"].get<std::uint64_t>());
            if (!event.contains("ts")) return line(dumped(event));
            // With all digits: what a double prints as need not have them.
            const std::int64_t time = clocks_[file].to_first(nanoseconds_of(event["ts"])) - first_.value_or(0);
            event.erase("ts");
            std::string text = dumped(event);
            text.insert(1, "\"ts\":" + micros(std::max<std::int64_t>(time, 0)) + ",");
            line(text);
        });
    }

    /// Its ends are inside the slices of the two messages, which stand before it in the file.
    void write_arrow(const Arrow& arrow, std::size_t id) {
        const auto end = [&](const char* phase, const ArrowEnd& at) {
            line(fmt::format(R"({{"ph":{},"cat":"control","name":"{}","id":"0x{:x}","pid":{},"tid":{},"ts":{}}})", phase,
                             arrow.type, id, process_of(at.file), row_of(at.file, at.row),
                             micros(std::max<std::int64_t>(at.time_ns - first_.value_or(0), 0))));
        };
        end(R"("s")", arrow.from);
        end(R"("f","bp":"e")", arrow.to);
    }

    const std::vector<TraceFile>& files_;
    const std::vector<FileClock>& clocks_;
    const Arrows& arrows_;
    const std::string name_;
    std::ofstream out_;
    std::optional<std::int64_t> first_;  ///< of all events, which time 0 stands for
    bool any_ = false;
};

std::string counted(const std::map<std::string, std::uint64_t>& types) {
    std::string text;
    for (const auto& [type, count] : types) text += (text.empty() ? "" : ", ") + type + " " + std::to_string(count);
    return text;
}

void tell_file(const TraceFile& file, const FileClock& clock, MergeReport& report) {
    report.lines.push_back(fmt::format("{}: {} worker {}: {}", file.path(), file.role(), file.endpoint(), clock.how));
    if (file.dropped() > 0) {
        report.lines.push_back(fmt::format("  it lacks {} records: its writer was behind; raise trace.records", file.dropped()));
    }
    if (file.cut()) report.lines.push_back("  its end is missing: the worker was killed, or the disk was full");
}

void tell_arrows(const Arrows& arrows, MergeReport& report) {
    report.arrows = arrows.all.size();
    report.violations = arrows.violations.size();
    report.lines.push_back(fmt::format("{} control messages have both ends", arrows.all.size()));
    if (!arrows.only_sent.empty()) report.lines.push_back("  sent and not received: " + counted(arrows.only_sent));
    if (!arrows.only_received.empty()) report.lines.push_back("  received and not sent: " + counted(arrows.only_received));
    for (std::size_t i = 0; i < std::min(arrows.violations.size(), kToldViolations); ++i) {
        report.lines.push_back("  " + arrows.violations[i]);
    }
    report.lines.push_back(arrows.violations.empty()
                               ? "causality holds: none was received before it was sent"
                               : fmt::format("causality does not hold: {} were received before they were sent",
                                             arrows.violations.size()));
}

}  // namespace

MergeReport merge_traces(const std::vector<std::string>& names, const std::string& output) {
    check_files(names, output);
    std::vector<TraceFile> files;
    for (const std::string& name : names) files.emplace_back(name);
    const std::vector<FileClock> clocks = relate_clocks(files);
    const Arrows arrows = match_messages(files, clocks);
    MergeReport report;
    for (std::size_t i = 0; i < files.size(); ++i) tell_file(files[i], clocks[i], report);
    tell_arrows(arrows, report);
    Merge(files, clocks, arrows, output).write();
    return report;
}

}  // namespace remit::tools
