#pragma once

#include "heard_child.hpp"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace remit::tools::test {

/// The built command on a terminal of its own, of 40 lines, as somebody who sits at it. Killed with this object at the latest.
class TerminalCommand : public HeardChild {
public:
    TerminalCommand(std::vector<std::string> arguments, unsigned short columns) {
        std::string program = REMIT_COMMAND;
        const std::vector<char*> argv = command_line(program, arguments);
        const winsize size{40, columns, 0, 0};
        pid_ = forkpty(&heard_, nullptr, nullptr, &size);
        if (pid_ != 0) return;
        execv(program.c_str(), argv.data());
        _exit(127);
    }

    /// The pictures that are complete, each without the clearing of the screen before it: the one being drawn is left out.
    [[nodiscard]] std::vector<std::string> pictures() const {
        std::vector<std::string> all;
        std::size_t begin = said_.find(kClear);
        while (begin != std::string::npos) {
            begin += kClear.size();
            const std::size_t next = said_.find(kClear, begin);
            if (next != std::string::npos) all.push_back(said_.substr(begin, next - begin));
            begin = next;
        }
        return all;
    }
    /// Reads until the latest complete picture is as wanted; false where that does not come within a minute.
    [[nodiscard]] bool shows(const std::function<bool(const std::string&)>& wanted) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (std::chrono::steady_clock::now() < deadline) {
            const auto all = pictures();
            if (!all.empty() && wanted(all.back())) return true;
            if (!read_some()) return false;
        }
        return false;
    }
    void type(char key) const { static_cast<void>(!write(heard_, &key, 1)); }
    void resize(unsigned short columns) const {
        const winsize size{40, columns, 0, 0};
        ioctl(heard_, TIOCSWINSZ, &size);
    }
    /// Whether what is typed is shown and handed over line by line, as a shell leaves it.
    [[nodiscard]] bool is_cooked() const {
        termios state{};
        return tcgetattr(heard_, &state) == 0 && (state.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO);
    }

private:
    static inline const std::string kClear = "\033[H\033[2J";
};

}  // namespace remit::tools::test
