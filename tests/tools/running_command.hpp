#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace remit::tools::test {

/// The built command while it runs. Killed with this object at the latest.
class RunningCommand {
public:
    explicit RunningCommand(std::vector<std::string> arguments) {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) return;
        std::vector<char*> argv;
        std::string program = REMIT_COMMAND;
        argv.push_back(program.data());
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        pid_ = fork();
        if (pid_ == 0) {
            const int null = open("/dev/null", O_RDWR);
            dup2(null, STDIN_FILENO);
            dup2(null, STDOUT_FILENO);
            dup2(ends[1], STDERR_FILENO);
            execv(program.c_str(), argv.data());
            _exit(127);
        }
        close(ends[1]);
        err_ = ends[0];
    }
    ~RunningCommand() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            static_cast<void>(end());
        }
        if (err_ >= 0) close(err_);
    }
    RunningCommand(const RunningCommand&) = delete;
    RunningCommand& operator=(const RunningCommand&) = delete;

    /// What stands behind `words` in its standard error, up to the end of the line; "" where it does not come.
    [[nodiscard]] std::string line_after(const std::string& words) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        do {
            const std::size_t at = said_.find(words);
            const std::size_t end = at == std::string::npos ? at : said_.find('\n', at);
            if (end != std::string::npos) return said_.substr(at + words.size(), end - at - words.size());
        } while (std::chrono::steady_clock::now() < deadline && read_some());
        return "";
    }
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

private:
    /// False at the end.
    bool read_some() {
        char buffer[4096];
        pollfd wanted{err_, POLLIN, 0};
        if (poll(&wanted, 1, 1000) == 0) return true;
        const ssize_t count = read(err_, buffer, sizeof buffer);
        if (count <= 0) return count < 0 && errno == EINTR;
        said_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    pid_t pid_ = -1;
    int err_ = -1;
    std::string said_;
};

}  // namespace remit::tools::test
