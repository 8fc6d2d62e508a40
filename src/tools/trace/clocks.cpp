#include "tools/trace/clocks.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace remit::tools {
namespace {

constexpr std::int64_t kWindow = 10'000'000'000;

/// Whose PING it is, of the four events of an exchange.
using ExchangeKey = std::tuple<bool, std::string, std::uint64_t, std::uint64_t>;

struct Seen {
    std::optional<std::int64_t> ping;
    std::optional<std::int64_t> pong;
};

/// What `file` saw of exchanges; those that it began itself where `own`.
std::map<ExchangeKey, Seen> seen_by(const TraceFile& file, bool own) {
    std::map<ExchangeKey, Seen> seen;
    for (const TracedMessage& m : file.messages()) {
        const bool ping = m.type == "PING";
        if ((!ping && m.type != "PONG") || (ping == m.sent) != own) continue;
        const bool by_embedding = (file.role() == "embedding") == own;
        Seen& one = seen[{by_embedding, m.session, m.generation, m.sequence}];
        (ping ? one.ping : one.pong) = m.time_ns;
    }
    return seen;
}

/// The exchanges that `a` began and `b` answered.
std::vector<Exchange> exchanges_between(const TraceFile& a, const TraceFile& b) {
    std::vector<Exchange> exchanges;
    const auto answered = seen_by(b, false);
    for (const auto& [key, asked] : seen_by(a, true)) {
        const auto found = answered.find(key);
        if (found == answered.end()) continue;
        const Seen& answer = found->second;
        if (!asked.ping || !asked.pong || !answer.ping || !answer.pong) continue;
        const Exchange exchange{*asked.ping, *answer.ping, *answer.pong, *asked.pong};
        if (exchange.delay() >= 0) exchanges.push_back(exchange);
    }
    return exchanges;
}

/// All exchanges of the two, whoever began them, in terms of how far b's clock is ahead of a's.
std::vector<Exchange> all_exchanges(const TraceFile& a, const TraceFile& b) {
    std::vector<Exchange> all = exchanges_between(a, b);
    // Of one that b began, a's PONG is what went from a to b.
    for (const Exchange& e : exchanges_between(b, a)) {
        all.push_back({e.pong_sent, e.pong_received, e.ping_sent, e.ping_received});
    }
    return all;
}

struct Relation {
    ClockOffset offset;
    std::string how;
};

/// How b's clock relates to a's, or nothing.
std::optional<Relation> relation(const TraceFile& a, const TraceFile& b) {
    const std::vector<Exchange> exchanges = all_exchanges(a, b);
    const bool same = !a.clock().empty() && a.clock() == b.clock();
    if (exchanges.empty()) {
        if (!same) return std::nullopt;
        return Relation{{}, "the same clock: both are of one boot of one machine (no PING to compare them by)"};
    }
    const ClockOffset offset(exchanges);
    const double ahead = offset.at(exchanges.back().ping_received);
    if (same && std::abs(ahead) <= offset.bound()) {
        return Relation{{}, fmt::format("the same clock: both are of one boot of one machine, and {} PINGs agree within {:.1f} us",
                                        exchanges.size(), offset.bound() / 1e3)};
    }
    std::string how = fmt::format("{:.1f} us {} that of {}, +- {:.1f} us, by {} PINGs", std::abs(ahead) / 1e3,
                                  ahead < 0 ? "behind" : "ahead of", a.path(), offset.bound() / 1e3, exchanges.size());
    if (offset.drift() != 0) how += fmt::format(", drifting by {:.2f} ppm", offset.drift() * 1e6);
    return Relation{offset, how};
}

[[noreturn]] void refuse(const TraceFile& file, const TraceFile& first) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("the clocks of {} and {} cannot be related: no PING of one was answered by the other within both "
                            "traces, and they are not of one boot of one machine; permitted: traces of workers that were "
                            "connected for longer than timing.ping_period",
                            first.path(), file.path()));
}

}  // namespace

ClockOffset::ClockOffset(std::vector<Exchange> exchanges) {
    std::sort(exchanges.begin(), exchanges.end(),
              [](const Exchange& x, const Exchange& y) { return x.ping_received < y.ping_received; });
    std::int64_t window_end = 0;
    std::int64_t best = 0;
    for (const Exchange& exchange : exchanges) {
        if (points_.empty() || exchange.ping_received >= window_end) {
            window_end = exchange.ping_received + kWindow;
        } else if (exchange.delay() >= best) {
            continue;
        } else {
            points_.pop_back();
        }
        best = exchange.delay();
        points_.push_back({exchange.ping_received, exchange.offset(), static_cast<double>(best) / 2});
    }
    for (const Point& point : points_) bound_ = std::max(bound_, point.bound);
}

double ClockOffset::at(std::int64_t time) const noexcept {
    if (points_.empty()) return 0;
    if (time <= points_.front().at) return points_.front().offset;
    if (time >= points_.back().at) return points_.back().offset;
    const auto next = std::find_if(points_.begin(), points_.end(), [&](const Point& point) { return point.at > time; });
    const Point& before = *std::prev(next);
    const double share = static_cast<double>(time - before.at) / static_cast<double>(next->at - before.at);
    return before.offset + share * (next->offset - before.offset);
}

double ClockOffset::drift() const noexcept {
    if (points_.size() < 2) return 0;
    return (points_.back().offset - points_.front().offset) / static_cast<double>(points_.back().at - points_.front().at);
}

std::int64_t FileClock::to_first(std::int64_t time) const noexcept {
    for (const ClockOffset& step : chain) time -= std::llround(step.at(time));
    return time;
}

std::vector<FileClock> relate_clocks(const std::vector<TraceFile>& files) {
    std::vector<std::optional<FileClock>> clocks(files.size());
    clocks[0] = FileClock{{}, 0, "the time axis"};
    std::deque<std::size_t> reached{0};
    while (!reached.empty()) {
        const std::size_t from = reached.front();
        reached.pop_front();
        for (std::size_t to = 0; to < files.size(); ++to) {
            if (clocks[to]) continue;
            const auto found = relation(files[from], files[to]);
            if (!found) continue;
            FileClock clock{{found->offset}, clocks[from]->bound + found->offset.bound(), found->how};
            clock.chain.insert(clock.chain.end(), clocks[from]->chain.begin(), clocks[from]->chain.end());
            clocks[to] = std::move(clock);
            reached.push_back(to);
        }
    }
    std::vector<FileClock> all;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!clocks[i]) refuse(files[i], files[0]);
        all.push_back(std::move(*clocks[i]));
    }
    return all;
}

}  // namespace remit::tools
