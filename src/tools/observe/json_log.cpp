#include "tools/observe/json_log.hpp"

#include <spdlog/common.h>
#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/log.hpp"

namespace remit::tools {
namespace {

/// "2026-11-26T06:57:52.123456Z".
std::string time_text(std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    const auto seconds = static_cast<std::time_t>(since / 1'000'000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                       parts.tm_hour, parts.tm_min, parts.tm_sec, since % 1'000'000);
}

}  // namespace

std::string to_json_line(const LogLine& line) {
    nlohmann::ordered_json json;
    json["time"] = time_text(line.time);
    json["level"] = to_string(line.level);
    if (!line.event.empty()) json["event"] = line.event;
    if (line.room) json["room"] = std::to_string(*line.room);
    if (line.session) json["session"] = std::to_string(*line.session);
    if (!line.peer.empty()) json["peer"] = line.peer;
    if (!line.cause.empty()) json["cause"] = line.cause;
    if (!line.remedy.empty()) json["remedy"] = line.remedy;
    json["text"] = line.text;
    // A name that came from the file system need not be UTF-8.
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void set_up_log(const Options& options) {
    if (options.log_format == LogFormat::json) {
        set_log_sink([](const LogLine& line) {
            // In one call, so that nobody else's words come between.
            const std::string text = to_json_line(line) + "\n";
            std::fwrite(text.data(), 1, text.size(), stderr);
        });
    }
    log().set_level(spdlog::level::from_str(options.log_level));
}

}  // namespace remit::tools
