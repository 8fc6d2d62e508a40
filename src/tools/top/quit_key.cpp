#include "tools/top/quit_key.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace remit::tools {
namespace {

constexpr std::array kKeyboard{STDIN_FILENO};

/// A process in the background that reads the terminal, or changes it, is stopped.
bool in_foreground() { return tcgetpgrp(STDIN_FILENO) == getpgrp(); }

}  // namespace

QuitKey::QuitKey(bool live) {
    if (!live || isatty(STDIN_FILENO) != 1 || !in_foreground() || tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    watches_ = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
}

QuitKey::~QuitKey() {
    if (watches_ && in_foreground()) static_cast<void>(tcsetattr(STDIN_FILENO, TCSANOW, &before_));
}

std::span<const int> QuitKey::descriptors() const noexcept {
    return watches_ && in_foreground() ? std::span<const int>(kKeyboard) : std::span<const int>();
}

bool QuitKey::pressed() const {
    pollfd keyboard{STDIN_FILENO, POLLIN, 0};
    while (watches_ && in_foreground() && poll(&keyboard, 1, 0) == 1) {
        std::array<char, 64> keys{};
        const ssize_t count = read(STDIN_FILENO, keys.data(), keys.size());
        if (count <= 0) return true;  // the terminal is gone
        if (std::string_view(keys.data(), static_cast<std::size_t>(count)).find('q') != std::string_view::npos) return true;
    }
    return false;
}

}  // namespace remit::tools
