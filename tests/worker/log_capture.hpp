#pragma once

#include "base/log.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace remit::worker::test {

/// What is logged while it lives.
class LogCapture {
public:
    LogCapture() { use(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)); }
    ~LogCapture() { use(std::make_shared<spdlog::sinks::stderr_sink_mt>()); }
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    /// After the end of all other threads that log.
    [[nodiscard]] std::string text() const { return text_.str(); }
    /// How often `words` stand in it.
    [[nodiscard]] std::size_t count(std::string_view words) const {
        const std::string all = text();
        std::size_t found = 0;
        for (std::size_t at = all.find(words); at != std::string::npos; at = all.find(words, at + 1)) ++found;
        return found;
    }

private:
    static void use(spdlog::sink_ptr sink) {
        auto logger = std::make_shared<spdlog::logger>("remit", std::move(sink));
        logger->set_level(spdlog::level::warn);
        set_logger(std::move(logger));
    }

    std::ostringstream text_;
};

}  // namespace remit::worker::test
