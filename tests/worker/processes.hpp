#pragma once

#include "requests.hpp"

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

/// Processes for tests on devices. The test program itself makes no verbs call: each worker lives in a process that
/// was forked before any, so that no device is open across a fork, and any of them may be killed.
namespace remit::worker::test {

/// A line at a time between a test and one of its processes.
class Line {
public:
    explicit Line(int socket) : socket_(socket) {}
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    void tell(const std::string& word);
    /// @throws std::runtime_error where the other end is gone or says nothing by the deadline.
    [[nodiscard]] std::string hear(long milliseconds = 20'000);

private:
    int socket_;
    std::string read_;
};

/// A failed expectation or an exception in `body` makes the process end with status 1.
class Process {
public:
    explicit Process(const std::function<void(Line&)>& body);
    ~Process();  ///< kills it where it still runs
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] Line& line() { return *line_; }
    void signal(int number) const;
    void expect_success();
    void expect_killed();

private:
    int wait();
    pid_t pid_ = -1;
    std::unique_ptr<Line> line_;
};

/// Words of an environment variable, separated by spaces.
[[nodiscard]] std::vector<std::string> words_of(const char* variable, const std::string& fallback = "");
/// Name of one of the two devices: 0 or 1.
[[nodiscard]] std::string device_name(std::size_t index);
/// The network devices under them; fails the test where the lane does not name them.
[[nodiscard]] std::vector<std::string> netdevs();

[[nodiscard]] EmbeddingWorkerOptions verbs_embedding();
[[nodiscard]] LanguageWorkerOptions verbs_language();

/// What `rdma resource show` says, and how many queue pairs of a device are in it.
[[nodiscard]] std::string rdma_resources();
[[nodiscard]] int queue_pairs_of(const std::string& device);

/// A set of requests from one process to another, each on its device, every byte compared.
struct Transfer {
    Layout embedding_layout = verbs_layout();
    Layout language_layout = verbs_layout();
    std::uint32_t embedding_blocks = 0;  ///< 0: what the requests need
    std::uint32_t language_blocks = 256;
    EmbeddingWorkerOptions embedding = verbs_embedding();
    LanguageWorkerOptions language = verbs_language();
    std::vector<Content> contents{{1, 2000}};
    std::uint64_t expected = 1024;
    Into into = Into::sink;
    From from = From::blocks;
    std::uint64_t step = 0;  ///< the source becomes ready by so many tokens at a time; 0: all at once
    std::function<void()> at_sender{};  ///< once all of it is sent, in the sender's process
    std::uint32_t rounds = 0;  ///< of each request; 0: any number

    [[nodiscard]] static Layout verbs_layout(std::uint32_t block_size = 128);
    void expect_success() const;
};

}  // namespace remit::worker::test
