#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "tools/cli/wording.hpp"
#include "tools/commands.hpp"
#include "tools/observe/observation.hpp"
#include "tools/report/console.hpp"
#include "tools/report/event_lines.hpp"
#include "tools/run/peers.hpp"
#include "tools/run/receiver.hpp"
#include "tools/run/sender.hpp"

namespace remit::tools {
namespace {

/// `demo` closes our stdin when the other half has ended too: until then the peer may still have something to say.
void wait_for_parent(const Stop& stop, std::uint32_t seconds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    constexpr std::array<int, 1> kInput{STDIN_FILENO};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (!stop.requested()) stop.wait(kInput, left);
}

/// `demo` says a line once the receiver is ready, so that the clock of a request does not run while its peer starts.
void wait_for_go(const Workload& work, const Stop& stop) {
    if (!work.options.events) return;
    wait_for_parent(stop, work.options.timeout_seconds);
    char line = 0;
    if (!stop.requested()) static_cast<void>(!read(STDIN_FILENO, &line, 1));
}

template <typename Run>
ExitStatus run_as_child(const Workload& work, const Stop& stop, const Run& run) {
    EventWriter writer;
    const HalfReport report = run(writer);
    writer.write(report);
    wait_for_parent(stop, work.options.timeout_seconds);
    return exit_status_of(report_of(report, work.options.fabric().kind));
}

template <typename Run>
ExitStatus run_alone(const Workload& work, const Run& run) {
    Console console(work.options);
    const HalfReport report = run(console);
    return console.finish(report_of(report, work.options.fabric().kind), work.tokens * work.requests);
}

template <typename Run>
ExitStatus run_half(const Workload& work, const Stop& stop, const Run& run) {
    return work.options.events ? run_as_child(work, stop, run) : run_alone(work, run);
}

std::string device_of(const Options& options) {
    return joined(options.devices);
}

}  // namespace

ExitStatus run_embed(const Options& given) {
    const Stop stop;
    Options options = given;
    if (options.listen.empty()) options.listen = "tcp://127.0.0.1:7700";
    const Workload work = make_workload(options);
    Sender sender(work, device_of(options));
    const Observation observation(options, [&] { return sender.metrics(); }, [&] { return std::vector{sender.snapshot()}; });
    return run_half(work, stop, [&](Observer& observer) {
        const auto publication = publish(options, sender.endpoint());
        observer.ready(Side::embedding, sender.endpoint(), sender.device());
        wait_for_go(work, stop);
        HalfReport report = sender.run(observer, stop);
        report.verified.reset();
        return report;
    });
}

ExitStatus run_language(const Options& given) {
    const Stop stop;
    const Options options = with_peer(given, stop);
    const Workload work = make_workload(options);
    Receiver receiver(work, device_of(options));
    const Observation observation(options, [&] { return receiver.metrics(); },
                                  [&] { return std::vector{receiver.snapshot()}; });
    return run_half(work, stop, [&](Observer& observer) {
        observer.ready(Side::language, receiver.endpoint(), receiver.device());
        return receiver.run(options.connect, observer, stop);
    });
}

}  // namespace remit::tools
