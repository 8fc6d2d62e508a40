#pragma once

#include <chrono>
#include <cstdint>

namespace remit::tools {

[[nodiscard]] inline std::int64_t to_ns(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

[[nodiscard]] inline std::int64_t now_ns() {
    return to_ns(std::chrono::steady_clock::now());
}

[[nodiscard]] inline double seconds_since(std::int64_t begin_ns) {
    return static_cast<double>(now_ns() - begin_ns) / 1e9;
}

}  // namespace remit::tools
