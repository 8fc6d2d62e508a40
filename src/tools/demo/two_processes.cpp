#include "tools/demo/two_processes.hpp"

#include <remit/error.hpp>

#include <signal.h>

#include <chrono>
#include <optional>
#include <thread>

#include "tools/cli/option_table.hpp"
#include "tools/demo/half_process.hpp"

namespace remit::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{100};
// After one half has ended, the other finds out by itself in less than this, and says why.
constexpr seconds kGrace{12};
// For a process to destroy its queue pairs and go.
constexpr milliseconds kExitPatience{10000};
// Beyond what the requests may take: opening devices, registering memory, filling it.
constexpr seconds kSetUp{120};

constexpr const char* kOtherEnded = "the other half has ended";

bool is_demo_own(const std::string& name) {
    return name == "--json" || name == "--device" || name == "--fabric" || name == "--listen" || name == "--connect";
}

ErrorKind kind_of(ExitStatus status) {
    if (status == ExitStatus::usage) return ErrorKind::bad_argument;
    if (status == ExitStatus::environment) return ErrorKind::environment;
    return ErrorKind::internal;
}

class Demo {
public:
    Demo(const Workload& work, const DevicePair& devices, const DemoKeys& keys, Console& console, const Stop& stop)
        : work_(work), devices_(devices), keys_(keys), console_(console), stop_(stop) {
        const std::uint64_t waves = (work.requests + work.concurrency - 1) / work.concurrency;
        deadline_ = steady_clock::now() + kSetUp + waves * seconds(work.options.timeout_seconds);
    }

    Report run();

private:
    [[nodiscard]] std::vector<std::string> arguments_of(Command half, const std::string& device,
                                                        const std::string& endpoint) const;
    void start_what_is_possible();
    void wait_and_read();
    [[nodiscard]] bool settled() const;
    void note_first_failure();
    void end_what_must_end();
    [[nodiscard]] Report judge() const;
    [[nodiscard]] HalfReport report_or(const std::optional<HalfProcess>& half, Side side) const;

    const Workload& work_;
    const DevicePair& devices_;
    const DemoKeys& keys_;
    Console& console_;
    const Stop& stop_;
    std::optional<HalfProcess> sender_;
    std::optional<HalfProcess> receiver_;
    steady_clock::time_point deadline_;
    std::optional<steady_clock::time_point> grace_;  ///< set once one half has settled
    bool going_ = false;
    std::string stopped_because_;
    Side first_to_settle_ = Side::language;
};

Report Demo::run() {
    sender_.emplace(Side::embedding, arguments_of(Command::embed, devices_.sender, ""));
    while (!settled()) {
        wait_and_read();
        start_what_is_possible();
        note_first_failure();
        end_what_must_end();
    }
    if (receiver_) receiver_->finish(kExitPatience);
    sender_->finish(kExitPatience);
    return judge();
}

std::vector<std::string> Demo::arguments_of(Command half, const std::string& device, const std::string& endpoint) const {
    std::vector<std::string> arguments = half_arguments(work_.options, half, device, endpoint);
    for (std::string& argument : keys_.arguments(half)) arguments.push_back(std::move(argument));
    return arguments;
}

/// The receiver needs the sender's endpoint; the sender begins when the receiver is there.
void Demo::start_what_is_possible() {
    if (receiver_ && !going_ && !receiver_->endpoint().empty()) {
        sender_->say_go();
        going_ = true;
    }
    if (receiver_ || sender_->endpoint().empty() || sender_->settled() || !stopped_because_.empty()) return;
    receiver_.emplace(Side::language, arguments_of(Command::language, devices_.receiver, sender_->endpoint()));
}

void Demo::wait_and_read() {
    std::vector<int> descriptors;
    if (!sender_->ended()) descriptors.push_back(sender_->output());
    if (receiver_ && !receiver_->ended()) descriptors.push_back(receiver_->output());
    if (stopped_because_.empty()) {
        stop_.wait(descriptors, kTick);
    } else {
        // A request to stop stays pending: waiting for it again would not sleep.
        std::this_thread::sleep_for(milliseconds(5));
    }
    sender_->read(console_);
    if (receiver_) receiver_->read(console_);
}

bool Demo::settled() const {
    if (!sender_->settled()) return false;
    return receiver_ ? receiver_->settled() : true;
}

void Demo::note_first_failure() {
    const bool receiver_settled = receiver_ && receiver_->settled();
    if (grace_ || (!sender_->settled() && !receiver_settled)) return;
    first_to_settle_ = receiver_settled ? Side::language : Side::embedding;
    grace_ = steady_clock::now() + kGrace;
    // Who could not even start has said why; nobody need wait for the other's view of it.
    if (sender_->error() || (receiver_ && receiver_->error())) grace_ = steady_clock::now();
    // A sender that is done is in order; the receiver has its own deadlines for the rest.
    if (!receiver_settled && sender_->succeeded()) grace_ = deadline_;
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
        grace_ = now + kGrace;
        sender_->signal(SIGTERM);
        if (receiver_) receiver_->signal(SIGTERM);
    } else if (now > *grace_) {
        sender_->signal(SIGKILL);
        if (receiver_) receiver_->signal(SIGKILL);
    }
}

HalfReport Demo::report_or(const std::optional<HalfProcess>& half, Side side) const {
    HalfReport report;
    report.side = side;
    report.status = Status::Failed;
    report.verified = false;
    report.reason = stopped_because_;
    if (!half) return report;
    if (half->report()) report = *half->report();
    const std::string fault = half->unexplained_end();
    if (fault.empty()) return report;
    // A death of its own is not explained by what we did afterwards.
    if (!half->report() && stopped_because_ == kOtherEnded) report.reason.clear();
    report.status = Status::Failed;
    report.verified = false;
    report.reason = std::string("the ") + to_string(side) + " worker's process: " + fault +
                    (report.reason.empty() ? "" : " (" + report.reason + ")");
    return report;
}

Report Demo::judge() const {
    for (const auto* half : {&sender_, &receiver_}) {
        if (*half && (*half)->error()) {
            throw Error(kind_of((*half)->error()->status), (*half)->error()->message);
        }
    }
    const HalfReport sender = report_or(sender_, Side::embedding);
    HalfReport receiver = report_or(receiver_, Side::language);
    // Who failed first knows why; the other only knows that it was told.
    const bool sender_first = first_to_settle_ == Side::embedding && sender.status == Status::Failed;
    if (sender_first && receiver.status == Status::Failed) receiver.reason = sender.reason;
    return combine(sender, receiver, work_.options.fabric);
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
    if (command == Command::language) arguments.push_back("--connect=" + endpoint);
    return arguments;
}

Report run_two_processes(const Workload& work, const DevicePair& devices, const DemoKeys& keys, Console& console,
                         const Stop& stop) {
    // A child may die while we speak to it: that is an answer of write(), not our end.
    signal(SIGPIPE, SIG_IGN);
    return Demo(work, devices, keys, console, stop).run();
}

}  // namespace remit::tools
