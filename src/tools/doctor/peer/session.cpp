#include "tools/doctor/peer/session.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <future>

#include "tools/bench/plan.hpp"
#include "tools/bench/receiver.hpp"
#include "tools/bench/sender.hpp"
#include "tools/bench/statistics.hpp"
#include "tools/cli/wording.hpp"
#include "tools/doctor/peer/facts.hpp"
#include "tools/doctor/peer/line_channel.hpp"

namespace remit::tools::doctor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kToConnect{5000};
constexpr milliseconds kToAnswer{30000};

/// One token, and lengths from below to far above what one work request carries. Both ends use the same.
Options bench_options(const Options& given) {
    Options options = given;
    options.command = Command::bench;
    options.sizes = {{0, 1}, {64U << 10, 0}, {1U << 20, 0}, {16U << 20, 0}};
    options.modes = {{BenchMode::Kind::one_shot, 1}};
    options.iterations = 10;
    options.warmup = 2;
    options.concurrency = 1;
    options.listen.clear();
    options.connect.clear();
    return options;
}

std::string endpoint(const std::string& address, int port) {
    const bool wide = address.find(':') != std::string::npos;
    return fmt::format("tcp://{}{}{}:{}", wide ? "[" : "", address, wide ? "]" : "", port);
}

/// What may be awaited of a whole direction: each of its requests has its own deadline at the receiver.
milliseconds patience(const Options& options, const BenchPlan& plan) {
    return seconds(options.timeout_seconds) * (static_cast<int>(plan.cases().size()) + 1) + kToAnswer;
}

DirectionMeasured measured(const BenchPlan& plan, const BenchReceiverReport& report) {
    DirectionMeasured direction;
    direction.reason = report.reason;
    for (std::size_t i = 0; i < plan.cases().size(); ++i) {
        const std::vector<double>& sample = report.cases[i].seconds;
        direction.sizes.push_back(
            {plan.cases()[i].bytes, sample.size(), sample.empty() ? 0 : percentiles_of(sample).p50});
    }
    return direction;
}

/// Receives what the other end sends from `from`, and tells it the outcome.
DirectionMeasured receive_direction(LineChannel& channel, const Options& given, const std::string& from,
                                    const Stop& stop) {
    Options options = bench_options(given);
    options.connect = from;
    const BenchPlan plan(options);
    DirectionMeasured direction;
    // Words of the other end: it is ready, or why not.
    direction.reason = direction_of(channel.receive(kToAnswer, stop)).reason;
    if (direction.reason.empty()) {
        try {
            BenchReceiver receiver(plan, options, joined(options.devices), CpuClock());
            direction = measured(plan, receiver.run(from, stop));
        } catch (const Error& error) {
            direction.reason = error.what();
        }
    }
    channel.send(to_line(direction));
    return direction;
}

/// Sends from `from` until the other end tells the outcome, which is handed back.
DirectionMeasured send_direction(LineChannel& channel, const Options& given, const std::string& from,
                                 const Stop& stop) {
    Options options = bench_options(given);
    options.listen = from;
    const BenchPlan plan(options);
    std::unique_ptr<BenchSender> sender;
    DirectionMeasured ready;
    try {
        sender = std::make_unique<BenchSender>(plan, options, joined(options.devices));
    } catch (const Error& error) {
        ready.reason = std::string("the sender: ") + error.what();
    }
    channel.send(to_line(ready));
    const Stop sender_stop(&stop);
    std::future<BenchSenderReport> sending;
    if (sender) sending = std::async(std::launch::async, [&] { return sender->run(sender_stop); });
    try {
        DirectionMeasured direction = direction_of(channel.receive(patience(options, plan), stop));
        if (!direction.reason.empty()) sender_stop.request();
        if (sending.valid()) sending.wait();
        return direction;
    } catch (...) {
        sender_stop.request();  // the future's end waits for the thread
        throw;
    }
}

/// Both ends see the same facts, so both stop at the same place.
bool may_transfer(const std::vector<Finding>& ends) {
    return worst(ends) != Verdict::problem;
}

std::vector<Finding> unreachable(const HostPort& peer, const Reached& reached) {
    Findings findings;
    std::string remedy = "look at the name and at the network (ping " + peer.host + ")";
    if (reached.error == ECONNREFUSED) {
        remedy = fmt::format("on {} run: remit doctor --listen tcp://ADDRESS:{} --insecure", peer.host, peer.port);
    } else if (reached.error == ETIMEDOUT) {
        remedy = fmt::format("a firewall drops it, or the host is down: let TCP ports {} to {} through on both hosts",
                             peer.port, peer.port + 2);
    }
    findings.add(Verdict::problem, "peer.reach", fmt::format("{} port {}", peer.host, peer.port), reached.reason,
                 remedy);
    return findings.take();
}

/// The two ends' talk from the greeting on. `asks`: this end receives first.
std::vector<Finding> talk(LineChannel& channel, const Machine& machine, const Options& options, std::uint16_t port,
                          bool asks, const Stop& stop) {
    Findings findings;
    const std::string own_address = channel.own_address();
    const std::string peer_address = channel.peer_address();
    Machine reached = machine;
    reached.rdma.local = local_address_of(own_address);
    const EndFacts own = end_facts(reached);
    channel.send(to_line(own));
    const EndFacts peer = end_facts_of(channel.receive(kToAnswer, stop));
    findings.ok("peer.reach", "", fmt::format("{} from {}", peer_address, own_address));
    std::vector<Finding> ends = check_ends(own, peer);
    const bool go_on = may_transfer(ends);
    findings.append(std::move(ends));
    if (!go_on) return findings.take();
    // Who asks sends from port + 2, who answers from port + 1: both may be one machine.
    const std::string own_sender = endpoint(own_address, port + (asks ? 2 : 1));
    const std::string peer_sender = endpoint(peer_address, port + (asks ? 1 : 2));
    DirectionMeasured received;
    DirectionMeasured sent;
    if (asks) {
        received = receive_direction(channel, options, peer_sender, stop);
        sent = send_direction(channel, options, own_sender, stop);
    } else {
        sent = send_direction(channel, options, own_sender, stop);
        received = receive_direction(channel, options, peer_sender, stop);
    }
    findings.append(check_transfers(own, peer, received, sent));
    return findings.take();
}

HostPort place_of(const std::string& text, std::uint16_t port, const char* option) {
    const auto place = host_port_of(text, port);
    if (place) return *place;
    throw UsageError(std::string("option ") + option, text,
                     "HOST, HOST:PORT or [ADDRESS]:PORT, with a port from 1 to 65533");
}

}  // namespace

std::vector<Finding> ask_peer(const Machine& machine, const Options& options, const Stop& stop) {
    const HostPort peer = place_of(options.peer, machine.wanted.control_port, "--peer");
    Reached reached = connect_to(peer, kToConnect);
    if (!reached.channel) return unreachable(peer, reached);
    try {
        return talk(*reached.channel, machine, options, peer.port, true, stop);
    } catch (const Error& error) {
        Findings findings;
        findings.add(Verdict::problem, "peer.reach", peer.host, error.what(),
                     "look at what the doctor at the other end says; both must be of one version");
        return findings.take();
    }
}

std::vector<Finding> answer_peer(const Machine& machine, const Options& options, const Stop& stop) {
    const HostPort at = place_of(options.listen, machine.wanted.control_port, "--listen");
    LineChannel channel = accept_one(at, stop);
    return talk(channel, machine, options, at.port, false, stop);
}

}  // namespace remit::tools::doctor
