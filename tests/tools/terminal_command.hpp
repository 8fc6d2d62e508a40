#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace remit::tools::test {

/// The built command on a terminal of its own, of 40 lines, as somebody who sits at it. Killed with this object at the latest.
class TerminalCommand {
public:
    TerminalCommand(std::vector<std::string> arguments, unsigned short columns) {
        std::vector<char*> argv;
        std::string program = REMIT_COMMAND;
        argv.push_back(program.data());
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const winsize size{40, columns, 0, 0};
        pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
        if (pid_ != 0) return;
        execv(program.c_str(), argv.data());
        _exit(127);
    }
    ~TerminalCommand() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            static_cast<void>(end());
        }
        if (terminal_ >= 0) close(terminal_);
    }
    TerminalCommand(const TerminalCommand&) = delete;
    TerminalCommand& operator=(const TerminalCommand&) = delete;

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
    void type(char key) const { static_cast<void>(!write(terminal_, &key, 1)); }
    void resize(unsigned short columns) const {
        const winsize size{40, columns, 0, 0};
        ioctl(terminal_, TIOCSWINSZ, &size);
    }
    /// Whether what is typed is shown and handed over line by line, as a shell leaves it.
    [[nodiscard]] bool is_cooked() const {
        termios state{};
        return tcgetattr(terminal_, &state) == 0 && (state.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO);
    }
    /// Waits for its end; its exit status, -1 where a signal ended it.
    [[nodiscard]] int end() {
        while (read_some()) {
        }
        int status = 0;
        while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    [[nodiscard]] const std::string& said() const noexcept { return said_; }

private:
    static inline const std::string kClear = "\033[H\033[2J";

    /// False at the end: a terminal that nobody has open any more is an error to read.
    bool read_some() {
        char buffer[4096];
        pollfd wanted{terminal_, POLLIN, 0};
        if (poll(&wanted, 1, 1000) == 0) return true;
        const ssize_t count = read(terminal_, buffer, sizeof buffer);
        if (count <= 0) return count < 0 && errno == EINTR;
        said_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    pid_t pid_ = -1;
    int terminal_ = -1;
    std::string said_;
};

}  // namespace remit::tools::test
