#include "tools/demo/own_processes.hpp"

#include <remit/error.hpp>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>

#include "tools/cli/option_table.hpp"
#include "tools/demo/half_process.hpp"
#include "tools/demo/rank_views.hpp"
#include "tools/trace/half_names.hpp"

namespace remit::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{100};
// After one worker has failed, the others find out by themselves in less than this, and say why.
constexpr seconds kGrace{12};
// For a process to destroy its queue pairs and go.
constexpr milliseconds kExitPatience{10000};
// Beyond what the requests may take: opening devices, registering memory, filling it.
constexpr seconds kSetUp{120};

constexpr const char* kOtherEnded = "another worker of the demo has ended";

bool is_demo_own(const std::string& name) {
    return name == "--json" || name == "--device" || name == "--fabric" || name == "--listen" || name == "--connect" ||
           name == "--allocate" || name == "--trace";
}

ErrorKind kind_of(ExitStatus status) {
    if (status == ExitStatus::usage) return ErrorKind::bad_argument;
    if (status == ExitStatus::environment) return ErrorKind::environment;
    return ErrorKind::internal;
}

steady_clock::time_point deadline_of(const Workload& work) {
    const std::uint64_t waves = (work.requests + work.concurrency - 1) / work.concurrency;
    return steady_clock::now() + kSetUp + waves * seconds(work.options.timeout_seconds);
}

class Demo {
public:
    Demo(const Workload& work, const DevicePair& devices, const DemoKeys& keys, Console& console, const Stop& stop)
        : work_(work),
          devices_(devices),
          keys_(keys),
          console_(console),
          views_(console, work.options.ranks),
          stop_(stop),
          deadline_(deadline_of(work)) {}

    Report run();

private:
    /// The embedding worker's, then the language workers', as many as there are yet.
    [[nodiscard]] std::vector<HalfProcess*> processes();
    [[nodiscard]] std::string name_of_process(std::size_t index) const;
    void start_what_is_possible();
    void start_receivers();
    void wait_and_read();
    [[nodiscard]] bool all_receivers_settled() const;
    void note_first_failure();
    void end_what_must_end();
    void hurry();
    void signal_all(int number);
    [[nodiscard]] Report judge();
    [[nodiscard]] HalfReport not_started() const;
    [[nodiscard]] HalfReport report_of_process(const HalfProcess& process, std::size_t index) const;

    const Workload& work_;
    const DevicePair& devices_;
    const DemoKeys& keys_;
    Console& console_;
    RankViews views_;
    const Stop& stop_;
    std::optional<HalfProcess> sender_;
    std::deque<HalfProcess> receivers_;
    steady_clock::time_point deadline_;
    std::optional<steady_clock::time_point> grace_;  ///< set once the rest need only end
    std::optional<std::size_t> first_failure_;       ///< whose, as processes() counts them
    bool going_ = false;
    bool hurried_ = false;  ///< the children were told to stop at once
    std::string stopped_because_;
};

Report Demo::run() {
    std::vector<std::string> arguments = half_arguments(work_.options, Command::embed, devices_.sender, "");
    for (std::string& argument : keys_.arguments(Command::embed)) arguments.push_back(std::move(argument));
    if (!work_.options.trace.empty()) {
        arguments.push_back("--trace=" + half_trace_name(work_.options.trace, Side::embedding, 0, work_.options.ranks));
    }
    sender_.emplace(Side::embedding, arguments);
    while (!(sender_->settled() && all_receivers_settled())) {
        wait_and_read();
        start_what_is_possible();
        note_first_failure();
        end_what_must_end();
    }
    for (HalfProcess& receiver : receivers_) receiver.finish(kExitPatience);
    sender_->finish(kExitPatience);
    return judge();
}

std::vector<HalfProcess*> Demo::processes() {
    std::vector<HalfProcess*> all{&*sender_};
    for (HalfProcess& receiver : receivers_) all.push_back(&receiver);
    return all;
}

std::string Demo::name_of_process(std::size_t index) const {
    if (index == 0) return name_of(Side::embedding, {});
    if (work_.options.ranks == 1) return name_of(Side::language, {});
    return name_of(Side::language, static_cast<std::uint32_t>(index - 1));
}

/// The receivers need the sender's endpoint; the sender begins when all of them are there.
void Demo::start_what_is_possible() {
    const bool all_ready = !receivers_.empty() && std::none_of(receivers_.begin(), receivers_.end(),
                                                               [](const auto& one) { return one.endpoint().empty(); });
    if (all_ready && !going_) {
        sender_->say_go();
        going_ = true;
    }
    if (!receivers_.empty() || sender_->endpoint().empty() || sender_->settled() || !stopped_because_.empty()) return;
    start_receivers();
}

void Demo::start_receivers() {
    for (std::uint32_t rank = 0; rank < work_.options.ranks; ++rank) {
        const Options options = work_.of_rank(rank).options;
        auto arguments = half_arguments(options, Command::language, devices_.receiver, sender_->endpoint());
        for (std::string& argument : keys_.arguments(Command::language)) arguments.push_back(std::move(argument));
        if (!options.trace.empty()) arguments.push_back("--trace=" + options.trace);
        receivers_.emplace_back(Side::language, arguments);
    }
}

void Demo::wait_and_read() {
    std::vector<int> descriptors;
    for (const HalfProcess* process : processes()) {
        if (!process->ended()) descriptors.push_back(process->output());
    }
    if (stop_.at_once()) {
        // A request to stop at once stays: waiting for it again would not sleep.
        std::this_thread::sleep_for(milliseconds(5));
    } else {
        stop_.wait(descriptors, kTick);
    }
    sender_->read(console_);
    for (std::uint32_t rank = 0; rank < receivers_.size(); ++rank) receivers_[rank].read(views_.of(rank));
}

bool Demo::all_receivers_settled() const {
    return std::all_of(receivers_.begin(), receivers_.end(), [](const auto& one) { return one.settled(); });
}

void Demo::note_first_failure() {
    const std::vector<HalfProcess*> all = processes();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool failed = all[i]->settled() && !all[i]->succeeded();
        if (failed && !first_failure_) {
            first_failure_ = i;
            grace_ = std::min(grace_.value_or(deadline_), steady_clock::now() + kGrace);
        }
        // Who could not even start has said why; nobody need wait for the others' view of it.
        if (all[i]->error()) grace_ = std::min(grace_.value_or(deadline_), steady_clock::now());
    }
    // Receivers that are done are in order: the sender needs no more than to notice. If it is done, they have
    // deadlines of their own for the rest.
    if (!grace_ && !receivers_.empty() && all_receivers_settled()) grace_ = steady_clock::now() + kGrace;
}

void Demo::end_what_must_end() {
    const auto now = steady_clock::now();
    if (stopped_because_.empty()) {
        if (stop_.requested())
            stopped_because_ = "interrupted";
        else if (now > deadline_)
            stopped_because_ = "the deadline has passed";
        else if (grace_ && now > *grace_)
            stopped_because_ = kOtherEnded;
        else
            return;
        const bool drains = stop_.requested();
        grace_ = now + kGrace + (drains ? seconds(work_.options.drain_seconds) : seconds(0));
        signal_all(SIGTERM);
        if (!drains) hurry();
    } else if (stop_.at_once() && !hurried_) {
        hurry();
        grace_ = now + kGrace;
    } else if (now > *grace_) {
        signal_all(SIGKILL);
    }
}

/// The children count signals: this is their second.
void Demo::hurry() {
    hurried_ = true;
    signal_all(SIGINT);
}

void Demo::signal_all(int number) {
    for (const HalfProcess* process : processes()) process->signal(number);
}

HalfReport Demo::report_of_process(const HalfProcess& process, std::size_t index) const {
    HalfReport report;
    report.side = index == 0 ? Side::embedding : Side::language;
    report.status = Status::Failed;
    report.verified = false;
    report.reason = stopped_because_;
    if (process.report()) report = *process.report();
    const std::string fault = process.unexplained_end();
    if (fault.empty()) return report;
    // A death of its own is not explained by what we did afterwards.
    if (!process.report() && stopped_because_ == kOtherEnded) report.reason.clear();
    report.status = Status::Failed;
    report.verified = false;
    const std::string before = report.reason.empty() ? "" : " (" + report.reason + ")";
    report.reason = name_of_process(index) + " worker's process: " + fault + before;
    return report;
}

/// Stopped before the language workers could be started.
HalfReport Demo::not_started() const {
    HalfReport report;
    report.status = Status::Failed;
    report.verified = false;
    report.reason = stopped_because_;
    return report;
}

Report Demo::judge() {
    const std::vector<HalfProcess*> all = processes();
    for (const HalfProcess* process : all) {
        if (process->error()) throw Error(kind_of(process->error()->status), process->error()->message);
    }
    std::vector<HalfReport> reports;
    for (std::size_t i = 0; i < all.size(); ++i) reports.push_back(report_of_process(*all[i], i));
    const HalfReport sender = reports.front();
    std::vector<HalfReport> receivers(reports.begin() + 1, reports.end());
    if (receivers.empty()) receivers.push_back(not_started());
    Report report = combine(sender, receivers, work_.options.fabric().kind);
    // Who failed first knows why; the others only know that they were told.
    if (report.status == Status::Failed && first_failure_ && reports[*first_failure_].status == Status::Failed) {
        const std::string& reason = reports[*first_failure_].reason;
        const bool of_a_rank = *first_failure_ > 0 && work_.options.ranks > 1;
        report.reason = of_a_rank ? name_of_process(*first_failure_) + ": " + reason : reason;
    }
    return report;
}

}  // namespace

std::vector<std::string> half_arguments(const Options& options, Command command, const std::string& device,
                                        const std::string& endpoint) {
    std::vector<std::string> arguments{std::string(to_string(command)), "--events"};
    for (const auto& [name, value] : options.given) {
        for (const OptionSpec& spec : option_table()) {
            if (spec.name != name || !spec.belongs_to(command) || is_demo_own(name)) continue;
            // In one word, so that a value that begins with a dash stays a value.
            arguments.push_back(spec.value.empty() ? name : name + "=" + value);
        }
    }
    if (!device.empty()) arguments.push_back("--device=" + device);
    if (command == Command::embed) arguments.push_back("--listen=tcp://127.0.0.1:0");
    if (command == Command::language) {
        arguments.push_back("--connect=" + endpoint);
        const auto guess = options.allocate.front();
        arguments.push_back("--allocate=" + (guess ? std::to_string(*guess) : "auto"));
    }
    return arguments;
}

Report run_own_processes(const Workload& work, const DevicePair& devices, const DemoKeys& keys, Console& console,
                         const Stop& stop) {
    // A child may die while we speak to it: that is an answer of write(), not our end.
    signal(SIGPIPE, SIG_IGN);
    return Demo(work, devices, keys, console, stop).run();
}

}  // namespace remit::tools
