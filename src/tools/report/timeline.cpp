#include "tools/report/timeline.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "tools/report/report.hpp"

namespace remit::tools {
namespace {

constexpr std::size_t kMostLines = 40;
constexpr std::size_t kHeadLines = 24;
constexpr std::size_t kTailLines = 12;

/// The step of the design's timeline that an event is, or nothing.
std::string step_of(const TimelineEvent& event) {
    if (event.what == "INIT") return "T0";
    if (event.what == "send") return "T1";
    if (event.what == "round complete") return event.round == 0 ? "T2" : "T6";
    if (event.what == "copied out" && event.round == 0) return "T3";
    if (event.what == "RESUME") return "T4";
    if (event.what == "status" && event.status == Status::Transferring) return "T5";
    if (event.what == "final" && event.status == Status::Failed) return "given up";
    if (event.what == "final") return "T7";
    if (event.what == "verified") return "T8";
    return "";
}

std::string blocks_text(std::uint32_t blocks) {
    return count_text(blocks, "block");
}

std::string range_text(const TimelineEvent& event) {
    return "tokens [" + std::to_string(event.first_token) + ", " + std::to_string(event.first_token + event.tokens) +
           ")";
}

std::string size_text(const TimelineEvent& event) {
    return bytes_text(static_cast<double>(event.bytes));
}

std::string describe(const TimelineEvent& event) {
    const std::string tokens = count_text(event.tokens, "token");
    const std::string round = "round " + std::to_string(event.round);
    if (event.what == "INIT") {
        if (event.blocks == 0) return "INIT without blocks: asks for the length first";
        return "INIT: allocates " + blocks_text(event.blocks) + " for " + tokens;
    }
    if (event.what == "send") {
        return "holds " + tokens + (event.blocks > 0 ? " in " + blocks_text(event.blocks) : " in contiguous tensors");
    }
    if (event.what == "announced") return "learns the length: " + tokens;
    if (event.what == "RESUME") {
        return "RESUME: " + round + ", offers " + blocks_text(event.blocks) + " for " + range_text(event);
    }
    if (event.what == "round complete") return round + " complete: " + range_text(event) + ", " + size_text(event);
    if (event.what == "copied out") return round + " moved out, its blocks are free";
    if (event.what == "status" && event.status == Status::WaitingForInput) return "INIT has come: announces the length";
    if (event.what == "status") return size_text(event) + " written, more to come";
    if (event.what == "verified") return tokens + ", " + size_text(event) + ": every byte verified";
    if (event.what == "final" && event.status == Status::Failed) return "given up";
    if (event.what == "final") return event.bytes > 0 ? "done, " + size_text(event) : "done";
    return event.what;
}

std::string line_of(const TimelineEvent& event, std::int64_t begin_ns, const std::string& step, int name_width) {
    std::array<char, 256> text{};
    const double ms = static_cast<double>(event.time_ns - begin_ns) / 1e6;
    std::snprintf(text.data(), text.size(), "%-2s %10.3f ms  %-*s  %-15s  ", step.c_str(), ms, name_width,
                  name_of(event.side, event.rank).c_str(), std::string(to_string(event.status)).c_str());
    return text.data() + describe(event);
}

}  // namespace

std::vector<std::string> timeline_lines(std::vector<TimelineEvent> events) {
    std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
    std::set<std::string> seen;
    std::vector<std::string> lines;
    auto name_width = static_cast<int>(name_of(Side::embedding, {}).size());
    for (const TimelineEvent& event : events) {
        name_width = std::max(name_width, static_cast<int>(name_of(event.side, event.rank).size()));
    }
    for (const TimelineEvent& event : events) {
        std::string step = step_of(event);
        // Each rank has its own steps.
        const bool once_a_worker = event.what == "final" || event.rank;
        const std::string key = step + (once_a_worker ? name_of(event.side, event.rank) : "");
        if (!seen.insert(key).second) step.clear();
        lines.push_back(line_of(event, events.front().time_ns, step, name_width));
    }
    if (lines.size() <= kMostLines) return lines;
    const std::size_t left_out = lines.size() - kHeadLines - kTailLines;
    const auto begin = lines.begin() + kHeadLines;
    lines.erase(begin, begin + static_cast<std::ptrdiff_t>(left_out));
    lines.insert(lines.begin() + kHeadLines, "   ... " + std::to_string(left_out) + " more of the same ...");
    return lines;
}

}  // namespace remit::tools
