#pragma once

#include "orders.hpp"
#include "roles.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace remit::soak {

/// What happens to the link or to a worker while its orders are under way.
enum class Fault : std::uint8_t {
    none,
    one_percent_lost,
    five_percent_lost,
    disorder,  ///< late, out of order, twice, corrupted
    short_stop,
    long_stop,
    language_killed,
    embedding_killed,
};
[[nodiscard]] const char* to_string(Fault fault);

struct Settings {
    std::uint32_t requests = 20'000;
    std::uint64_t seed = 1;
};

/// What the whole soak came to.
struct Verdict {
    std::vector<std::string> problems;  ///< none: it has passed
    std::uint32_t requests = 0;
    std::uint64_t tries = 0;
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t bytes = 0;
    std::map<std::string, std::uint64_t> faults;    ///< how often each was caused
    std::map<std::string, std::uint64_t> failures;  ///< failed tries at either side by reason, numbers left out
    std::int64_t resident_growth_kib = 0;           ///< the most of any incarnation, after its third set of orders
    std::int64_t descriptor_growth = 0;
    std::int64_t thread_growth = 0;
    double seconds = 0;
};

/// Hands out the requests set by set, causes faults, judges what both workers report, and asks again for what failed
/// until every request has arrived once, every byte of it right.
class Referee {
public:
    explicit Referee(const Settings& settings);
    [[nodiscard]] Verdict run();

private:
    /// One worker's process, started again under the same address when it was killed.
    struct Worker {
        bool language = false;
        std::string listen;
        std::uint32_t incarnations = 0;
        std::unique_ptr<worker::test::Process> process;
        std::string endpoint;
        std::uint32_t reports = 0;  ///< of this incarnation
        Report baseline;
        std::int64_t descriptors = 0;  ///< more than then, at its latest report
    };

    void start(Worker& worker);
    void play_set(Fault fault);
    [[nodiscard]] Fault next_fault();
    [[nodiscard]] std::vector<Order> next_orders(std::size_t count);
    void cause(Fault fault);
    void stop_and_continue(Worker& worker, long milliseconds);
    void kill(Worker& worker);
    void collect(Worker& worker, const std::vector<Order>& orders, Fault fault);
    void judge(const Worker& worker, const Report& report, const std::vector<Order>& orders, Fault fault);
    void judge_failure(const Worker& worker, const Order& order, const std::string& reason, Fault fault);
    void watch_health(Worker& worker, const Report& report);
    void ask_again(const std::vector<Order>& orders);
    void wait_a_while(long most_milliseconds);
    void complain(const std::string& problem);

    Settings settings_;
    std::mt19937_64 random_;
    Worker embedding_;
    Worker language_;
    std::deque<std::pair<std::uint32_t, std::uint32_t>> waiting_;  ///< request and attempt
    std::vector<bool> arrived_;
    std::vector<Fault> deck_;
    Verdict verdict_;
};

}  // namespace remit::soak
