#pragma once

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remit::sim {

/// What happened, as a hash that two runs of one seed share, and in words where somebody reads them.
class Trace {
public:
    explicit Trace(bool words) : words_(words) {}

    void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3u ^ hash_ >> 29; }

    template <class... Args>
    void say(fmt::format_string<Args...> text, Args&&... args) {
        if (words_)
            lines_.push_back(fmt::format("{:5} t={:<6} {}", step, now, fmt::format(text, std::forward<Args>(args)...)));
    }
    [[nodiscard]] bool words() const noexcept { return words_; }
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

    std::uint64_t step = 0;
    std::int64_t now = 0;  ///< in ticks

private:
    bool words_;
    std::uint64_t hash_ = 0xcbf29ce484222325u;
    std::vector<std::string> lines_;
};

}  // namespace remit::sim
