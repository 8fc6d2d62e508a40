#include "tools/report/progress_bar.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace remit::tools {
namespace {

constexpr std::chrono::milliseconds kGlance{500};
constexpr std::uint64_t kWidth = 30;

}  // namespace

std::string bar_text(const Progress& progress) {
    const std::uint64_t done = std::min(progress.tokens_done, progress.tokens);
    const double part = progress.tokens == 0 ? 0 : static_cast<double>(done) / static_cast<double>(progress.tokens);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(kWidth));
    return fmt::format("[{:#>{}}{:.>{}}] {} %  {}/{} requests, {} of {} token{}", "", filled, "", kWidth - filled,
                       static_cast<int>(part * 100), progress.requests_done, progress.requests, done, progress.tokens,
                       progress.tokens == 1 ? "" : "s");
}

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) == 1), begin_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() {
    erase();
}

void ProgressBar::show(const Progress& progress) {
    if (!terminal_ || std::chrono::steady_clock::now() - begin_ < kGlance) return;
    std::cerr << "\r\033[K" << bar_text(progress) << std::flush;
    drawn_ = true;
}

void ProgressBar::erase() {
    if (drawn_) std::cerr << "\r\033[K" << std::flush;
    drawn_ = false;
}

}  // namespace remit::tools
