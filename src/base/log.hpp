#pragma once

#include <spdlog/logger.h>

#include <memory>

namespace remit {

/// remit's logger: "remit", to stderr. Safe from any thread; users may replace it through set_logger().
[[nodiscard]] spdlog::logger& log();
void set_logger(std::shared_ptr<spdlog::logger> logger);
/// As it is where nobody replaces it: to stderr, warnings and above.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_default_logger();

}  // namespace remit
