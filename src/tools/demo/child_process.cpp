#include "tools/demo/child_process.hpp"

#include <remit/error.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace remit::tools {
namespace {

constexpr const char* kOurselves = "/proc/self/exe";

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::environment, "cannot start a child process (" + what + "): " + std::strerror(errno));
}

struct Pipe {
    int read = -1;
    int write = -1;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) refuse("pipe");
    return {ends[0], ends[1]};
}

/// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void become(pid_t parent, const Pipe& input, const Pipe& output, char* const* arguments) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    // A terminal signals a whole group, and the child counts signals: its parent's are to be the only ones.
    setpgid(0, 0);
    if (getppid() != parent) _exit(1);  // it died before it could be watched
    dup2(input.read, STDIN_FILENO);
    dup2(output.write, STDOUT_FILENO);
    execv(kOurselves, arguments);
    _exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
    std::vector<std::string> texts{"remit"};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    const Pipe input = make_pipe();
    const Pipe output = make_pipe();
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) become(parent, input, output, pointers.data());
    close(input.read);
    close(output.write);
    input_ = input.write;
    output_ = output.read;
    if (pid_ < 0) refuse("fork");
    fcntl(output_, F_SETFL, O_NONBLOCK);
}

ChildProcess::~ChildProcess() {
    close_input();
    if (pid_ > 0 && !status_) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    close(output_);
}

std::optional<std::string> ChildProcess::read_some() {
    std::array<char, 65536> buffer{};
    const ssize_t size = read(output_, buffer.data(), buffer.size());
    if (size > 0) return std::string(buffer.data(), static_cast<std::size_t>(size));
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return std::string();
    return std::nullopt;
}

void ChildProcess::say_go() const {
    // A child that has gone is noticed by its silence.
    static_cast<void>(!write(input_, "\n", 1));
}

void ChildProcess::close_input() {
    if (input_ >= 0) close(input_);
    input_ = -1;
}

void ChildProcess::signal(int number) const {
    if (!status_) kill(pid_, number);
}

bool ChildProcess::wait(int milliseconds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (;;) {
        int status = 0;
        if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
        if (status_ || std::chrono::steady_clock::now() >= deadline) return status_.has_value();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

bool ChildProcess::killed_by_signal() const noexcept {
    return status_ && WIFSIGNALED(*status_);
}

std::string ChildProcess::fault() const {
    if (!status_) return {};
    if (WIFSIGNALED(*status_)) {
        return "killed by signal " + std::to_string(WTERMSIG(*status_)) + " (" + strsignal(WTERMSIG(*status_)) + ")";
    }
    if (WEXITSTATUS(*status_) == 0) return {};
    return "exit status " + std::to_string(WEXITSTATUS(*status_));
}

}  // namespace remit::tools
