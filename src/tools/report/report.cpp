#include "tools/report/report.hpp"

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

std::string both_devices(const std::string& sender, const std::string& receiver) {
    if (sender.empty() || receiver.empty() || sender == receiver) return sender.empty() ? receiver : sender;
    return sender + "," + receiver;
}

template <typename T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
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
            .requests = half.requests,
            .tokens = half.tokens,
            .rounds = half.rounds,
            .resumes = half.resumes,
            .bytes = half.bytes,
            .writes = half.writes,
            .seconds = half.seconds};
}

Report combine(const HalfReport& sender, const HalfReport& receiver, FabricKind fabric) {
    Report report = report_of(receiver, fabric);
    report.device = both_devices(sender.device, receiver.device);
    report.bytes = sender.bytes;
    report.writes = sender.writes;
    if (receiver.status == Status::Failed) return report;
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
    json["requests"] = report.requests;
    json["tokens"] = report.tokens;
    json["rounds"] = report.rounds;
    json["resumes"] = report.resumes;
    json["bytes"] = report.bytes;
    json["writes"] = or_null(report.writes);
    json["seconds"] = report.seconds;
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
    text += ", " + count_text(report.rounds, "round") + " (" + count_text(report.resumes, "resume") + "), device " +
            report.device;
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
