#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace remit::tools::test {

/// A child process of which one descriptor tells what it says. Killed with this object at the latest.
class HeardChild {
public:
    HeardChild(const HeardChild&) = delete;
    HeardChild& operator=(const HeardChild&) = delete;

    void signal(int number) const { kill(pid_, number); }
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

protected:
    HeardChild() = default;
    ~HeardChild() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            static_cast<void>(end());
        }
        if (heard_ >= 0) close(heard_);
    }

    /// The built command and its arguments, for execv(). They must outlive it.
    [[nodiscard]] static std::vector<char*> command_line(std::string& program, std::vector<std::string>& arguments) {
        std::vector<char*> argv{program.data()};
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        return argv;
    }
    /// False at the end, which of a terminal that nobody has open any more is an error to read.
    bool read_some() {
        char buffer[4096];
        pollfd wanted{heard_, POLLIN, 0};
        if (poll(&wanted, 1, 1000) == 0) return true;
        const ssize_t count = read(heard_, buffer, sizeof buffer);
        if (count <= 0) return count < 0 && errno == EINTR;
        said_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    pid_t pid_ = -1;
    int heard_ = -1;
    std::string said_;
};

}  // namespace remit::tools::test
