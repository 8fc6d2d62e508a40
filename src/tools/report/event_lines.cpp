#include "tools/report/event_lines.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

namespace remit::tools {
namespace {

using nlohmann::json;

json body(const ReadyEvent& event) {
    return {{"event", "ready"}, {"side", event.side}, {"endpoint", event.endpoint}, {"device", event.device}};
}

json body(const TimelineEvent& event) {
    return {{"event", "timeline"},    {"side", event.side},   {"time_ns", event.time_ns},
            {"what", event.what},     {"round", event.round}, {"first_token", event.first_token},
            {"tokens", event.tokens}, {"bytes", event.bytes}, {"blocks", event.blocks},
            {"status", event.status}};
}

json body(const Progress& event) {
    return {{"event", "progress"},
            {"requests_done", event.requests_done},
            {"requests", event.requests},
            {"tokens_done", event.tokens_done},
            {"tokens", event.tokens}};
}

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json body(const HalfReport& report) {
    return {{"event", "report"},           {"side", report.side},        {"status", report.status},
            {"reason", report.reason},     {"device", report.device},    {"verified", or_null(report.verified)},
            {"memory", report.path.memory}, {"gpu_direct", report.path.gpu_direct}, {"gather", report.path.gather},
            {"requests", report.requests}, {"tokens", report.tokens},    {"rounds", report.rounds},
            {"resumes", report.resumes},   {"bytes", report.bytes},      {"writes", or_null(report.writes)},
            {"seconds", report.seconds},   {"begin_ns", report.begin_ns}};
}

json body(const ErrorEvent& event) {
    return {{"event", "error"}, {"status", event.status}, {"message", event.message}};
}

ReadyEvent ready_from(const json& line) {
    return {line.at("side").get<Side>(), line.at("endpoint").get<std::string>(), line.at("device").get<std::string>()};
}

TimelineEvent timeline_from(const json& line) {
    TimelineEvent event;
    line.at("side").get_to(event.side);
    line.at("time_ns").get_to(event.time_ns);
    line.at("what").get_to(event.what);
    line.at("round").get_to(event.round);
    line.at("first_token").get_to(event.first_token);
    line.at("tokens").get_to(event.tokens);
    line.at("bytes").get_to(event.bytes);
    line.at("blocks").get_to(event.blocks);
    line.at("status").get_to(event.status);
    return event;
}

Progress progress_from(const json& line) {
    return {line.at("requests_done").get<std::uint32_t>(), line.at("requests").get<std::uint32_t>(),
            line.at("tokens_done").get<std::uint64_t>(), line.at("tokens").get<std::uint64_t>()};
}

HalfReport report_from(const json& line) {
    HalfReport report;
    line.at("side").get_to(report.side);
    line.at("status").get_to(report.status);
    line.at("reason").get_to(report.reason);
    line.at("device").get_to(report.device);
    line.at("memory").get_to(report.path.memory);
    line.at("gpu_direct").get_to(report.path.gpu_direct);
    line.at("gather").get_to(report.path.gather);
    if (!line.at("verified").is_null()) report.verified = line.at("verified").get<bool>();
    line.at("requests").get_to(report.requests);
    line.at("tokens").get_to(report.tokens);
    line.at("rounds").get_to(report.rounds);
    line.at("resumes").get_to(report.resumes);
    line.at("bytes").get_to(report.bytes);
    if (!line.at("writes").is_null()) report.writes = line.at("writes").get<std::uint64_t>();
    line.at("seconds").get_to(report.seconds);
    line.at("begin_ns").get_to(report.begin_ns);
    return report;
}

ErrorEvent error_from(const json& line) {
    return {line.at("status").get<ExitStatus>(), line.at("message").get<std::string>()};
}

}  // namespace

std::string encode(const Event& event) {
    const json line = std::visit([](const auto& one) { return body(one); }, event);
    return line.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Event> decode(const std::string& text) {
    try {
        const json line = json::parse(text);
        const std::string kind = line.at("event").get<std::string>();
        if (kind == "ready") return ready_from(line);
        if (kind == "timeline") return timeline_from(line);
        if (kind == "progress") return progress_from(line);
        if (kind == "report") return report_from(line);
        if (kind == "error") return error_from(line);
    } catch (const json::exception&) {
        // Some library printed to stdout: it is no event.
    }
    return std::nullopt;
}

void EventWriter::ready(Side side, const std::string& endpoint, const std::string& device) {
    write(ReadyEvent{side, endpoint, device});
}

void EventWriter::write(const Event& event) {
    std::cout << encode(event) << std::endl;
}

}  // namespace remit::tools
