#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace remit {
namespace {

std::atomic<std::shared_ptr<spdlog::logger>>& slot() {
    static std::atomic<std::shared_ptr<spdlog::logger>> logger{make_default_logger()};
    return logger;
}

}  // namespace

std::shared_ptr<spdlog::logger> make_default_logger() {
    auto made = std::make_shared<spdlog::logger>("remit", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%H:%M:%S.%e %^%l%$ %v");
    made->set_level(spdlog::level::warn);
    return made;
}

spdlog::logger& log() { return *slot().load(); }

void set_logger(std::shared_ptr<spdlog::logger> logger) {
    // A replaced logger may still be in use by a thread that holds a reference: keep it for the process's life.
    static std::mutex mutex;
    static std::vector<std::shared_ptr<spdlog::logger>> retired;
    const std::lock_guard lock(mutex);
    retired.push_back(slot().exchange(std::move(logger)));
}

}  // namespace remit
