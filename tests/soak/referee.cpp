#include "referee.hpp"

#include "guest.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

namespace remit::soak {
namespace {

using worker::test::scaled;

constexpr std::size_t kSets = 14;        // at least, one for each fault
constexpr std::size_t kMostInSet = 512;  // orders a set
constexpr std::size_t kFatalSet = 96;    // and where a worker dies: each of its rooms waits for a deadline
constexpr std::size_t kProblems = 20;    // enough to see what is wrong
constexpr long kPatience = 120'000;      // ms for a whole set, stretched to the machine
constexpr std::int64_t kResidentKib = 16 << 10;
constexpr std::int64_t kDescriptors = 8;  // of one session that was built since

bool is_fatal(Fault fault) {
    return fault == Fault::long_stop || fault == Fault::language_killed || fault == Fault::embedding_killed;
}

/// Reasons of one kind are one: numbers and addresses are left out.
std::string kind_of(const std::string& reason) {
    std::string kind;
    for (const char c : reason) {
        const char shown = (c >= '0' && c <= '9') ? '#' : c;
        if (shown != '#' || kind.empty() || kind.back() != '#') kind += shown;
    }
    return kind;
}

/// The third try at a request is left alone.
Fate fate_of(std::uint32_t request, std::uint32_t attempt) {
    const std::uint64_t percent = Order{request, attempt, Fate::none}.chance(6) % 100;
    if (attempt >= 2 || percent > 5) return Fate::none;
    return percent < 3 ? Fate::receiver_aborts : percent < 5 ? Fate::sender_aborts : Fate::rejected;
}

/// What may be said of a request that nobody touched.
bool explains(Fault fault, const std::string& reason) {
    if (reason.empty()) return false;
    if (is_fatal(fault)) return true;
    // Of several rooms that keep their blocks and need more than there are, one goes on and the others are told so.
    if (reason.find("an older room that keeps its blocks waits for the rest") != std::string::npos) return true;
    const bool lossy =
        fault == Fault::one_percent_lost || fault == Fault::five_percent_lost || fault == Fault::disorder;
    return lossy && reason.find("retr") != std::string::npos;
}

/// ": socket +4, anon_inode +9".
std::string growth_of_kinds(const std::map<std::string, std::uint64_t>& now,
                            const std::map<std::string, std::uint64_t>& then) {
    std::string grown;
    for (const auto& [kind, count] : now) {
        const auto before = then.find(kind);
        const std::uint64_t had = before == then.end() ? 0 : before->second;
        if (count > had) grown += (grown.empty() ? ": " : ", ") + kind + " +" + std::to_string(count - had);
    }
    return grown;
}

std::int64_t growth(std::uint64_t now, std::uint64_t then) {
    return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(then);
}

}  // namespace

const char* to_string(Fault fault) {
    switch (fault) {
        case Fault::none: return "none";
        case Fault::one_percent_lost: return "1 % lost";
        case Fault::five_percent_lost: return "5 % lost";
        case Fault::disorder: return "late, reordered, twice, corrupted";
        case Fault::short_stop: return "stopped for less than the silence";
        case Fault::long_stop: return "stopped for longer than the silence";
        case Fault::language_killed: return "language worker killed";
        case Fault::embedding_killed: return "embedding worker killed";
    }
    return "?";
}

Referee::Referee(const Settings& settings) : settings_(settings), random_(settings.seed), arrived_(settings.requests) {
    embedding_.listen = "tcp://127.0.0.1:17700";
    language_.listen = "tcp://127.0.0.1:17701";
    language_.language = true;
    for (std::uint32_t i = 0; i < settings.requests; ++i) waiting_.emplace_back(i, 0);
}

Verdict Referee::run() {
    const auto begin = std::chrono::steady_clock::now();
    start(embedding_);
    start(language_);
    while (!waiting_.empty() && verdict_.problems.size() < kProblems) play_set(next_fault());
    for (Worker* worker : {&language_, &embedding_}) {
        worker->process->line().tell("end");
        worker->process->expect_success();
    }
    verdict_.requests = static_cast<std::uint32_t>(std::count(arrived_.begin(), arrived_.end(), true));
    if (verdict_.requests != settings_.requests) complain("not every request has arrived");
    verdict_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return verdict_;
}

void Referee::start(Worker& worker) {
    RoleOptions options;
    options.listen = worker.listen;
    options.memory_policy = worker.incarnations % 2 == 0 ? MemoryPolicy::shrink : MemoryPolicy::wait;
    ++worker.incarnations;
    worker.reports = 0;
    worker.descriptors = 0;
    worker.process = std::make_unique<worker::test::Process>([language = worker.language, options](auto& line) {
        language ? be_language(line, options) : be_embedding(line, options);
    });
    worker.endpoint = worker.process->line().hear();
}

/// Every fault comes as often as its share, in an order of chance.
Fault Referee::next_fault() {
    if (deck_.empty()) {
        deck_ = {Fault::none,
                 Fault::none,
                 Fault::none,
                 Fault::one_percent_lost,
                 Fault::one_percent_lost,
                 Fault::five_percent_lost,
                 Fault::five_percent_lost,
                 Fault::disorder,
                 Fault::disorder,
                 Fault::short_stop,
                 Fault::long_stop,
                 Fault::language_killed,
                 Fault::language_killed,
                 Fault::embedding_killed};
        std::shuffle(deck_.begin(), deck_.end(), random_);
    }
    const Fault fault = deck_.back();
    deck_.pop_back();
    return fault;
}

std::vector<Order> Referee::next_orders(std::size_t count) {
    std::vector<Order> orders;
    while (!waiting_.empty() && orders.size() < count) {
        Order order{waiting_.front().first, waiting_.front().second, Fate::none};
        waiting_.pop_front();
        order.fate = fate_of(order.request, order.attempt);
        orders.push_back(order);
    }
    return orders;
}

void Referee::play_set(Fault fault) {
    const std::size_t share = std::clamp<std::size_t>(settings_.requests / kSets, 8, kMostInSet);
    const std::vector<Order> orders = next_orders(is_fatal(fault) ? std::min(kFatalSet, share) : share);
    verdict_.tries += orders.size();
    ++verdict_.faults[to_string(fault)];
    embedding_.process->line().tell(encode("", orders));
    language_.process->line().tell(encode(embedding_.endpoint, orders));
    const auto begin = std::chrono::steady_clock::now();
    std::unique_ptr<worker::test::Disturbed> disturbed;
    if (fault == Fault::one_percent_lost) disturbed = std::make_unique<worker::test::Disturbed>("loss 1%");
    if (fault == Fault::five_percent_lost) disturbed = std::make_unique<worker::test::Disturbed>("loss 5%");
    if (fault == Fault::disorder) {
        disturbed = std::make_unique<worker::test::Disturbed>("delay 200us reorder 95% duplicate 1% corrupt 0.2%");
    }
    cause(fault);
    // A killed worker reports nothing; what it had received is asked for again.
    if (fault != Fault::language_killed) collect(language_, orders, fault);
    if (fault != Fault::embedding_killed) collect(embedding_, orders, fault);
    ask_again(orders);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::cerr << orders.size() << " orders in " << seconds << " s, " << waiting_.size()
              << " to go: " << to_string(fault) << '\n';
}

void Referee::cause(Fault fault) {
    switch (fault) {
        case Fault::short_stop: return stop_and_continue(random_() % 2 == 0 ? embedding_ : language_, 300);
        case Fault::long_stop: return stop_and_continue(random_() % 2 == 0 ? embedding_ : language_, 1'600);
        case Fault::language_killed: return kill(language_);
        case Fault::embedding_killed: return kill(embedding_);
        default: return;
    }
}

void Referee::wait_a_while(long most_milliseconds) {
    std::this_thread::sleep_for(
        std::chrono::microseconds(random_() % static_cast<std::uint64_t>(most_milliseconds * 1000)));
}

void Referee::stop_and_continue(Worker& worker, long milliseconds) {
    wait_a_while(scaled(100).count());
    worker.process->signal(SIGSTOP);
    std::this_thread::sleep_for(scaled(milliseconds));
    worker.process->signal(SIGCONT);
}

void Referee::kill(Worker& worker) {
    wait_a_while(scaled(100).count());
    worker.process->signal(SIGKILL);
    worker.process->expect_killed();
    start(worker);
}

void Referee::collect(Worker& worker, const std::vector<Order>& orders, Fault fault) {
    const Report report = decode_report(worker.process->line().hear(kPatience));
    judge(worker, report, orders, fault);
    watch_health(worker, report);
    verdict_.resumes += report.resumes;
    if (!worker.language) return;
    verdict_.rounds += report.rounds;
    for (const std::uint32_t request : report.succeeded) {
        if (!arrived_[request]) verdict_.bytes += soak_layout().payload_bytes(Order{request, 0, Fate::none}.tokens());
        arrived_[request] = true;
    }
}

void Referee::judge(const Worker& worker, const Report& report, const std::vector<Order>& orders, Fault fault) {
    for (const std::string& wrong : report.wrong) complain(wrong);
    std::map<std::uint32_t, const std::string*> failed;
    for (const auto& [request, reason] : report.failed) failed[request] = &reason;
    const std::set<std::uint32_t> succeeded(report.succeeded.begin(), report.succeeded.end());
    for (const Order& order : orders) {
        const auto failure = failed.find(order.request);
        if (failure != failed.end()) {
            judge_failure(worker, order, *failure->second, fault);
        } else if (succeeded.count(order.request) == 0 && (worker.language || order.fate != Fate::rejected)) {
            complain("request " + std::to_string(order.request) + " has no end");
        } else if (worker.language && order.fate == Fate::rejected) {
            complain("request " + std::to_string(order.request) + " was rejected, and arrived");
        }
    }
}

void Referee::judge_failure(const Worker& worker, const Order& order, const std::string& reason, Fault fault) {
    ++verdict_.failures[(worker.language ? "language worker: " : "embedding worker: ") + kind_of(reason)];
    const bool crowded_out = reason == "aborted by the language worker" && order.kept();
    // A rejection answers for its room until its deadline or the next send(), which may come after the receiver asks.
    const bool was_rejected = order.fate == Fate::rejected ||
                              (order.attempt > 0 && fate_of(order.request, order.attempt - 1) == Fate::rejected);
    const bool rejected = was_rejected && (reason.find("the soak rejects it") != std::string::npos ||
                                           reason.find("0 of 1 language workers asked") != std::string::npos);
    const bool aborted = (order.fate == Fate::sender_aborts || order.fate == Fate::receiver_aborts) && !reason.empty();
    if (rejected || aborted || crowded_out || explains(fault, reason)) return;
    complain("request " + std::to_string(order.request) + " failed at the " +
             (worker.language ? "language" : "embedding") + " worker while the fault was \"" + to_string(fault) +
             "\": " + (reason.empty() ? "no reason" : reason));
}

/// Flat: what a worker holds at rest does not grow with what it has done.
void Referee::watch_health(Worker& worker, const Report& report) {
    if (++worker.reports == 3) worker.baseline = report;
    if (worker.reports <= 3) return;
    const std::int64_t resident = growth(report.resident_kib, worker.baseline.resident_kib);
    // The sessions of peers that have just died stand until their deadline; what stays from report to report is lost.
    const std::int64_t held = growth(report.descriptors, worker.baseline.descriptors);
    const std::int64_t descriptors = std::min(held, std::exchange(worker.descriptors, held));
    const std::int64_t threads = growth(report.threads, worker.baseline.threads);
    verdict_.resident_growth_kib = std::max(verdict_.resident_growth_kib, resident);
    verdict_.descriptor_growth = std::max(verdict_.descriptor_growth, descriptors);
    verdict_.thread_growth = std::max(verdict_.thread_growth, threads);
    const std::string whose = worker.language ? "language worker: " : "embedding worker: ";
    if (resident > kResidentKib) complain(whose + std::to_string(resident) + " KiB more than at its third report");
    if (descriptors > kDescriptors) {
        complain(whose + std::to_string(descriptors) + " more descriptors" +
                 growth_of_kinds(report.descriptor_kinds, worker.baseline.descriptor_kinds));
    }
    if (threads > 0) complain(whose + std::to_string(threads) + " more threads");
}

void Referee::ask_again(const std::vector<Order>& orders) {
    for (auto order = orders.rbegin(); order != orders.rend(); ++order) {
        if (!arrived_[order->request]) waiting_.emplace_front(order->request, order->attempt + 1);
    }
}

void Referee::complain(const std::string& problem) {
    std::cerr << "PROBLEM: " << problem << '\n';
    if (verdict_.problems.size() < kProblems) verdict_.problems.push_back(problem);
}

}  // namespace remit::soak
