#pragma once

#include "heard_child.hpp"

#include <unistd.h>

#include <fcntl.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace remit::tools::test {

/// The built command while it runs. Killed with this object at the latest.
class RunningCommand : public HeardChild {
public:
    explicit RunningCommand(std::vector<std::string> arguments) {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) return;
        std::string program = REMIT_COMMAND;
        const std::vector<char*> argv = command_line(program, arguments);
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
        heard_ = ends[0];
    }

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
};

}  // namespace remit::tools::test
