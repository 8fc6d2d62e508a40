#include "base/event_log.hpp"
#include "base/log.hpp"

#include <remit/log.hpp>

#include <spdlog/sinks/base_sink.h>

#include <array>
#include <mutex>
#include <utility>

namespace remit {
namespace {

LogLevel level_of(spdlog::level::level_enum level) noexcept {
    switch (level) {
        case spdlog::level::trace: return LogLevel::trace;
        case spdlog::level::debug: return LogLevel::debug;
        case spdlog::level::info: return LogLevel::info;
        case spdlog::level::warn: return LogLevel::warn;
        case spdlog::level::off: return LogLevel::off;
        default: return LogLevel::error;
    }
}

spdlog::level::level_enum level_of(LogLevel level) noexcept {
    constexpr std::array<spdlog::level::level_enum, 6> levels{spdlog::level::trace, spdlog::level::debug,
                                                              spdlog::level::info,  spdlog::level::warn,
                                                              spdlog::level::err,   spdlog::level::off};
    return levels[static_cast<std::size_t>(level)];
}

/// Hands spdlog's lines to a user.
class UserSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit UserSink(LogSink told) : sink_(std::move(told)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const LogFields& fields = fields_being_logged();
        LogLine line;
        line.time = std::chrono::time_point_cast<std::chrono::system_clock::duration>(message.time);
        line.level = level_of(message.level);
        line.text = {message.payload.data(), message.payload.size()};
        line.event = fields.event;
        line.room = fields.room;
        line.session = fields.session;
        line.peer = fields.peer;
        line.cause = fields.cause;
        line.remedy = fields.remedy;
        sink_(line);
    }
    void flush_() override {}

private:
    LogSink sink_;
};

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
    constexpr std::array<std::string_view, 6> names{"trace", "debug", "info", "warn", "error", "off"};
    return names[static_cast<std::size_t>(level)];
}

void set_log_sink(LogSink sink, LogLevel least) {
    auto logger = sink ? std::make_shared<spdlog::logger>("remit", std::make_shared<UserSink>(std::move(sink)))
                       : make_default_logger();
    logger->set_level(level_of(least));
    set_logger(std::move(logger));
}

}  // namespace remit
