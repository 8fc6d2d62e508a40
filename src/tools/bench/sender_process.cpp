#include "tools/bench/sender_process.hpp"

#include <remit/error.hpp>

#include <signal.h>

#include <array>
#include <chrono>

#include "tools/bench/results.hpp"
#include "tools/report/event_lines.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::milliseconds kTick{200};
// Opening a device, registering and filling the longest request; destroying it all again.
constexpr std::chrono::seconds kPatience{120};

ErrorKind kind_of(ExitStatus status) {
    if (status == ExitStatus::usage) return ErrorKind::bad_argument;
    return status == ExitStatus::environment ? ErrorKind::environment : ErrorKind::internal;
}

}  // namespace

SenderProcess::SenderProcess(const std::vector<std::string>& arguments, const Stop& stop) : child_(arguments) {
    const auto event = decode(next_line(stop));
    const auto* ready = event ? std::get_if<ReadyEvent>(&*event) : nullptr;
    if (ready == nullptr) throw Error(ErrorKind::internal, "the sender's process has ended without a word");
    endpoint_ = ready->endpoint;
}

std::string SenderProcess::next_line(const Stop& stop) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (std::size_t end = unread_.find('\n'); end == std::string::npos; end = unread_.find('\n')) {
        if (stop.requested() || std::chrono::steady_clock::now() > deadline) return {};
        const std::array<int, 1> output{child_.output()};
        stop.wait(output, kTick);
        const auto text = child_.read_some();
        if (!text) return {};
        unread_ += *text;
    }
    const std::size_t end = unread_.find('\n');
    const std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    if (const auto event = decode(line)) {
        if (const auto* error = std::get_if<ErrorEvent>(&*event)) throw Error(kind_of(error->status), error->message);
    }
    return line;
}

BenchSenderReport SenderProcess::report(bool finished, const Stop& stop) {
    if (!finished) child_.signal(SIGTERM);
    const Stop unstopped_by_us;  // the figures of an interrupted run are still wanted
    const std::string line = next_line(finished ? stop : unstopped_by_us);
    child_.close_input();
    if (!child_.wait(static_cast<int>(std::chrono::milliseconds(kPatience).count()))) child_.signal(SIGKILL);
    return bench_sender_from_json(line);
}

}  // namespace remit::tools
