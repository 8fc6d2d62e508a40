#include "tools/report/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace remit::tools {
namespace {

constexpr const char* kUnverified = "arrived, not verified: they come from files (give --input to compare)";

std::string fixed(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string of_both(const std::string& sender, const std::string& receiver) {
    if (sender.empty() || receiver.empty() || sender == receiver) return sender.empty() ? receiver : sender;
    return sender + "," + receiver;
}

template <typename T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

/// Adds what another language worker of the same run has to tell.
void merge(Report& report, const HalfReport& rank) {
    report.requests = std::min(report.requests, rank.requests);
    report.tokens = std::min(report.tokens, rank.tokens);
    report.rounds += rank.rounds;
    report.resumes += rank.resumes;
    if (report.verified.value_or(true)) report.verified = rank.verified ? rank.verified : std::nullopt;
}

/// From the first beginning to the last end, so that bytes over seconds is a rate that was reached.
double span_of(const std::vector<HalfReport>& receivers) {
    std::optional<std::int64_t> begin;
    double end = 0;
    for (const HalfReport& rank : receivers) {
        if (rank.begin_ns == 0) continue;
        begin = std::min(begin.value_or(rank.begin_ns), rank.begin_ns);
    }
    for (const HalfReport& rank : receivers) {
        if (rank.begin_ns != 0) end = std::max(end, static_cast<double>(rank.begin_ns - *begin) / 1e9 + rank.seconds);
    }
    return end;
}

Report report_of_all(const std::vector<HalfReport>& receivers, FabricKind fabric) {
    Report report = report_of(receivers.front(), fabric);
    if (receivers.size() == 1) return report;
    for (std::size_t rank = 1; rank < receivers.size(); ++rank) merge(report, receivers[rank]);
    const auto failed = std::find_if(receivers.begin(), receivers.end(),
                                     [](const HalfReport& rank) { return rank.status == Status::Failed; });
    if (failed != receivers.end()) {
        report.status = Status::Failed;
        report.verified = false;
        const auto rank = static_cast<std::uint32_t>(failed - receivers.begin());
        report.reason = name_of(Side::language, rank) + ": " + failed->reason;
    }
    report.seconds = span_of(receivers);
    report.ranks = receivers;
    return report;
}

nlohmann::ordered_json rank_json(const HalfReport& rank) {
    return {{"status", std::string(to_string(rank.status))},
            {"reason", rank.reason},
            {"verified", or_null(rank.verified)},
            {"requests", rank.requests},
            {"tokens", rank.tokens},
            {"rounds", rank.rounds},
            {"resumes", rank.resumes},
            {"seconds", rank.seconds}};
}

std::string rounds_text(std::uint64_t rounds, std::uint64_t resumes) {
    return count_text(rounds, "round") + " (" + count_text(resumes, "resume") + ")";
}

/// " by each of 3 ranks (language 0: 2 rounds, …)"; of those that failed, that they did.
std::string ranks_text(const std::vector<HalfReport>& ranks) {
    if (ranks.empty()) return {};
    std::string text;
    for (std::uint32_t i = 0; i < ranks.size(); ++i) {
        const HalfReport& rank = ranks[i];
        text += (i == 0 ? "" : ", ") + name_of(Side::language, i) + ": " +
                (rank.status == Status::Failed ? "failed" : rounds_text(rank.rounds, rank.resumes));
    }
    return " by each of " + std::to_string(ranks.size()) + " ranks [" + text + "]";
}

}  // namespace

std::string count_text(std::uint64_t number, const char* noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string bytes_text(double bytes) {
    constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
    return fixed(bytes, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

Report report_of(const HalfReport& half, FabricKind fabric) {
    return {.status = half.status,
            .reason = half.reason,
            .verified = half.verified,
            .device = half.device,
            .fabric = fabric,
            .path = half.path,
            .requests = half.requests,
            .tokens = half.tokens,
            .rounds = half.rounds,
            .resumes = half.resumes,
            .bytes = half.bytes,
            .writes = half.writes,
            .seconds = half.seconds};
}

Report combine(const HalfReport& sender, const std::vector<HalfReport>& receivers, FabricKind fabric) {
    Report report = report_of_all(receivers, fabric);
    report.device = of_both(sender.device, report.device);
    report.path = {of_both(sender.path.memory, report.path.memory),
                   of_both(sender.path.gpu_direct, report.path.gpu_direct), sender.path.gather};
    report.bytes = sender.bytes;
    report.writes = sender.writes;
    if (report.status == Status::Failed) return report;
    if (sender.status == Status::Failed) {
        report.status = Status::Failed;
        report.reason = sender.reason;
    } else if (!report.verified) {
        report.status = Status::Failed;
        report.verified = false;
        report.reason = "what arrived could not be verified";
    }
    return report;
}

Report failure(const std::string& reason, FabricKind fabric) {
    Report report;
    report.reason = reason;
    report.fabric = fabric;
    return report;
}

std::string to_json(const Report& report) {
    nlohmann::ordered_json json;
    json["status"] = std::string(to_string(report.status));
    json["reason"] = report.reason;
    json["verified"] = or_null(report.verified);
    json["device"] = report.device;
    json["fabric"] = report.fabric == FabricKind::verbs ? "verbs" : "loopback";
    json["memory"] = report.path.memory;
    json["gpu_direct"] = report.path.gpu_direct;
    json["gather"] = report.path.gather;
    json["requests"] = report.requests;
    json["tokens"] = report.tokens;
    json["rounds"] = report.rounds;
    json["resumes"] = report.resumes;
    json["bytes"] = report.bytes;
    json["writes"] = or_null(report.writes);
    json["seconds"] = report.seconds;
    for (const HalfReport& rank : report.ranks) json["ranks"].push_back(rank_json(rank));
    // A reason may carry bytes that a peer or a file name put there.
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string verdict(const Report& report, std::uint64_t tokens_wanted, Command command) {
    std::string text;
    if (report.status == Status::Failed) text = "FAILED: " + report.reason + "\n";
    text += std::to_string(report.tokens) + " of " + count_text(tokens_wanted, "token") + " ";
    if (report.verified.value_or(true)) {
        text += report.verified ? "verified" : command == Command::embed ? "sent" : kUnverified;
    } else {
        text += report.status == Status::Failed ? "moved" : "verified";
    }
    text += ranks_text(report.ranks);
    text += ", " + rounds_text(report.rounds, report.resumes) + ", device " + report.device;
    text += ", " + bytes_text(static_cast<double>(report.bytes)) + " in " + fixed(report.seconds * 1000, 1) + " ms";
    if (report.seconds > 0 && report.status == Status::Success)
        text += " (" + bytes_text(static_cast<double>(report.bytes) / report.seconds) + "/s)";
    if (report.writes) text += ", " + count_text(*report.writes, "write");
    if (report.requests > 1) text += ", " + count_text(report.requests, "request");
    return text;
}

ExitStatus exit_status_of(const Report& report) {
    const bool well = report.status == Status::Success && report.verified.value_or(true);
    return well ? ExitStatus::verified : ExitStatus::failed;
}

}  // namespace remit::tools
