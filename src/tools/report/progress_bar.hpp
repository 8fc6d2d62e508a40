#pragma once

#include <chrono>
#include <string>

#include "tools/run/observer.hpp"

namespace remit::tools {

/// A bar on stderr, where that is a terminal and the work takes longer than a glance. Erased at its end.
class ProgressBar {
public:
    ProgressBar();
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(const Progress& progress);
    void erase();

private:
    bool terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point begin_;
};

/// "[##########..........]  50 %  4/8 requests, 8000 of 16000 tokens".
[[nodiscard]] std::string bar_text(const Progress& progress);

}  // namespace remit::tools
