#include "tools/trace/arrows.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace remit::tools {
namespace {

struct Ends {
    std::string type;
    std::vector<ArrowEnd> sent;
    std::vector<ArrowEnd> received;
};

void sort_by_time(std::vector<ArrowEnd>& ends) {
    std::stable_sort(ends.begin(), ends.end(), [](const ArrowEnd& a, const ArrowEnd& b) { return a.time_ns < b.time_ns; });
}

/// Which of `sent` each of `received` was; sent.size() for none. Where repeats were lost each is the latest that it can have
/// been: which of them was lost nothing tells.
std::vector<std::size_t> pair_up(const Ends& ends, const std::vector<FileClock>& clocks) {
    std::vector<std::size_t> pairs;
    if (ends.sent.size() == ends.received.size()) {
        for (std::size_t i = 0; i < ends.sent.size(); ++i) pairs.push_back(i);
        return pairs;
    }
    std::size_t next = 0;
    for (const ArrowEnd& received : ends.received) {
        std::size_t latest = ends.sent.size();
        for (std::size_t i = next; i < ends.sent.size(); ++i) {
            const double slack = clocks[ends.sent[i].file].bound + clocks[received.file].bound;
            if (static_cast<double>(ends.sent[i].time_ns - received.time_ns) > slack) break;
            latest = i;
        }
        pairs.push_back(latest);
        if (latest < ends.sent.size()) next = latest + 1;
    }
    return pairs;
}

void check_causality(const Arrow& arrow, const std::vector<TraceFile>& files, const std::vector<FileClock>& clocks,
                     Arrows& arrows) {
    const double early = static_cast<double>(arrow.from.time_ns - arrow.to.time_ns);
    const double bound = clocks[arrow.from.file].bound + clocks[arrow.to.file].bound;
    if (early <= bound) return;
    arrows.violations.push_back(fmt::format("{} of {} was received by {} {:.1f} us before it was sent; the clocks may be wrong "
                                            "by {:.1f} us",
                                            arrow.type, files[arrow.from.file].path(), files[arrow.to.file].path(),
                                            early / 1e3, bound / 1e3));
}

}  // namespace

Arrows match_messages(const std::vector<TraceFile>& files, const std::vector<FileClock>& clocks) {
    std::map<std::string, Ends> messages;
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (const TracedMessage& m : files[i].messages()) {
            Ends& ends = messages[m.match];
            ends.type = m.type;
            (m.sent ? ends.sent : ends.received).push_back({i, m.row, clocks[i].to_first(m.time_ns)});
        }
    }
    Arrows arrows;
    for (auto& [match, ends] : messages) {
        sort_by_time(ends.sent);
        sort_by_time(ends.received);
        const std::vector<std::size_t> pairs = pair_up(ends, clocks);
        std::size_t matched = 0;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            if (pairs[i] == ends.sent.size()) continue;
            ++matched;
            arrows.all.push_back({ends.type, ends.sent[pairs[i]], ends.received[i]});
            check_causality(arrows.all.back(), files, clocks, arrows);
        }
        if (ends.sent.size() > matched) arrows.only_sent[ends.type] += ends.sent.size() - matched;
        if (ends.received.size() > matched) arrows.only_received[ends.type] += ends.received.size() - matched;
    }
    return arrows;
}

}  // namespace remit::tools
