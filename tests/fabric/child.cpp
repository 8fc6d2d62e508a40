#include "child.hpp"

#include "base/descriptor.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace remit::fabric::test {
namespace {

[[noreturn]] void be_child(const std::function<void()>& body) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        body();
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace

std::vector<std::string> words_of(const char* variable, const std::string& fallback) {
    const char* text = std::getenv(variable);
    std::istringstream words(text == nullptr ? fallback : text);
    std::vector<std::string> result;
    for (std::string word; words >> word;) result.push_back(word);
    return result;
}

std::string device_name(std::size_t index) {
    return words_of("REMIT_RDMA_DEVICES", "rxe_a0 rxe_b0").at(index);
}

Child::Child(const std::function<void()>& body) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) be_child(body);
}

Child::~Child() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(::waitpid(pid_, nullptr, 0));
}

int Child::wait() {
    const auto deadline = std::chrono::steady_clock::now() + scaled(60'000);
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            ADD_FAILURE() << "process " << pid_ << " did not end by its deadline";
            ::kill(pid_, SIGKILL);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    pid_ = -1;
    return status;
}

void Child::expect_success() {
    const int status = wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status << "; its failures stand above";
}

void run_in_child(const std::function<void()>& body) {
    Child child(body);
    child.expect_success();
}

void run_side(std::size_t index, int socket, VerbsOptions options, const std::function<void(Side&)>& body) {
    options.device = device_name(index);
    Side side(socket, open_verbs(options));
    body(side);
    ::shutdown(socket, SHUT_RDWR);
}

void run_on_two_devices(const Case& test, const VerbsOptions& sender, const VerbsOptions& receiver) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    Descriptor a(pair[0]);
    Descriptor b(pair[1]);
    // Each closes the other's end, so that it learns of the other's death.
    Child first([&] {
        ::close(b.get());
        run_side(0, a.get(), sender, test.sender);
    });
    Child second([&] {
        ::close(a.get());
        run_side(1, b.get(), receiver, test.receiver);
    });
    a = Descriptor();
    b = Descriptor();
    first.expect_success();
    second.expect_success();
}

VerbsOptions impatient() {
    VerbsOptions options;
    options.retry_count = 2;
    options.rnr_retry = 2;
    return options;
}

}  // namespace remit::fabric::test
