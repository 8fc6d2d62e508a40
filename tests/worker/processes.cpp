#include "processes.hpp"

#include "growing.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <sstream>
#include <stdexcept>

namespace remit::worker::test {
namespace {

[[noreturn]] void be_process(const std::function<void(Line&)>& body, int socket) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        Line line(socket);
        body(line);
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace

Line::~Line() {
    ::close(socket_);
}

void Line::tell(const std::string& word) {
    const std::string text = word + "\n";
    if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
        throw std::runtime_error("the other end is gone");
    }
}

std::string Line::hear(long milliseconds) {
    const auto deadline = std::chrono::steady_clock::now() + scaled(milliseconds);
    while (true) {
        if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
            const std::string word = read_.substr(0, end);
            read_.erase(0, end + 1);
            return word;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd entry{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) {
            throw std::runtime_error("nothing was heard by the deadline");
        }
        std::array<char, 512> buffer{};
        const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count <= 0) throw std::runtime_error("the other end is gone");
        read_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

Process::Process(const std::function<void(Line&)>& body) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) throw std::runtime_error("socketpair");
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
        ::close(pair[0]);
        be_process(body, pair[1]);
    }
    ::close(pair[1]);
    line_ = std::make_unique<Line>(pair[0]);
}

Process::~Process() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(::waitpid(pid_, nullptr, 0));
}

void Process::signal(int number) const {
    ASSERT_EQ(::kill(pid_, number), 0);
}

int Process::wait() {
    int status = 0;
    if (!comes_true([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; }, 60'000)) {
        ADD_FAILURE() << "process " << pid_ << " did not end by its deadline";
        ::kill(pid_, SIGKILL);
        static_cast<void>(::waitpid(pid_, &status, 0));
    }
    pid_ = -1;
    return status;
}

void Process::expect_success() {
    const int status = wait();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status << "; its failures stand above";
}

void Process::expect_killed() {
    const int status = wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
}

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

std::vector<std::string> netdevs() {
    auto names = words_of("REMIT_RDMA_NETDEVS");
    EXPECT_GE(names.size(), 2U) << "REMIT_RDMA_NETDEVS names no network devices";
    names.resize(2);
    return names;
}

EmbeddingWorkerOptions verbs_embedding() {
    EmbeddingWorkerOptions options;
    options.fabric.device = device_name(0);
    return options;
}

LanguageWorkerOptions verbs_language() {
    LanguageWorkerOptions options;
    options.fabric.device = device_name(1);
    return options;
}

std::string rdma_resources() {
    std::string text;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("rdma resource show", "r"), &::pclose);
    std::array<char, 512> line{};
    while (pipe && std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) text += line.data();
    return text;
}

int queue_pairs_of(const std::string& device) {
    std::istringstream lines(rdma_resources());
    for (std::string line; std::getline(lines, line);) {
        if (line.find(": " + device + ":") == std::string::npos) continue;
        const std::size_t at = line.find(" qp ");
        if (at != std::string::npos) return std::atoi(line.c_str() + at + 4);
    }
    ADD_FAILURE() << "`rdma resource show` names no queue pairs of " << device;
    return -1;
}

Layout Transfer::verbs_layout(std::uint32_t block_size) {
    Layout::Shape shape;
    shape.block_size = block_size;
    shape.hidden = 256;
    return Layout::multimodal(shape);
}

void Transfer::expect_success() const {
    std::uint64_t needed = 0;
    for (const Content& content : contents) needed += embedding_layout.blocks_for(content.tokens);
    Process sender([&](Line& line) {
        EmbeddingWorker worker(embedding, embedding_layout,
                               embedding_blocks != 0 ? embedding_blocks : static_cast<std::uint32_t>(needed));
        EXPECT_EQ(worker.device(), embedding.fabric.device);
        line.tell(worker.endpoint());
        std::deque<Outgoing> outgoing;
        std::deque<Growing> growing;
        for (const Content& content : contents) {
            if (step == 0) {
                outgoing.emplace_back(worker, content, from);
            } else {
                growing.emplace_back(worker, content, 0, from);
            }
        }
        for (Growing& one : growing) one.grow_in_steps(step);
        for (const Outgoing& one : outgoing) one.expect_success();
        for (const Growing& one : growing) one.expect_success();
        if (at_sender) at_sender();
        line.tell("sent");
        EXPECT_EQ(line.hear(), "end");
    });
    const std::string endpoint = sender.line().hear();
    Process receiver([&](Line& line) {
        LanguageWorker worker(language, language_layout, language_blocks);
        EXPECT_EQ(worker.device(), language.fabric.device);
        {
            std::deque<Incoming> incoming;
            for (const Content& content : contents) {
                ReceiveOptions options;
                options.expected_tokens = expected;
                incoming.emplace_back(worker, endpoint, content.room, into, std::move(options));
            }
            for (std::size_t i = 0; i < contents.size(); ++i) {
                incoming[i].expect_success(contents[i]);
                if (rounds != 0) {
                    EXPECT_EQ(incoming[i].reception().rounds(), rounds);
                }
            }
        }
        expect_whole(worker);
        line.tell("received");
        EXPECT_EQ(line.hear(), "end");
    });
    // A receiver that goes before the last acknowledgement is in leaves the sender in doubt: it stays until then.
    EXPECT_EQ(receiver.line().hear(60'000), "received");
    EXPECT_EQ(sender.line().hear(), "sent");
    receiver.line().tell("end");
    sender.line().tell("end");
    receiver.expect_success();
    sender.expect_success();
}

}  // namespace remit::worker::test
