#include <remit/error.hpp>

#include <fstream>
#include <future>
#include <iostream>

#include "tools/bench/plan.hpp"
#include "tools/bench/receiver.hpp"
#include "tools/bench/results.hpp"
#include "tools/bench/sender.hpp"
#include "tools/bench/sender_process.hpp"
#include "tools/cli/option_table.hpp"
#include "tools/cli/wording.hpp"
#include "tools/commands.hpp"
#include "tools/demo/devices.hpp"
#include "tools/report/event_lines.hpp"

namespace remit::tools {
namespace {

std::string device_of(const Options& options) {
    return joined(options.devices);
}

std::ostream& human(const Options& options) {
    return options.json ? std::cerr : std::cout;
}

void write_csv(const BenchResults& results) {
    const std::string& name = results.options.csv;
    if (name.empty()) return;
    std::ofstream file(name);
    file << bench_csv(results);
    file.close();
    if (!file) throw Error(ErrorKind::environment, "option --csv: value \"" + name + "\" cannot be written");
}

ExitStatus tell(BenchResults results) {
    if (results.received.reason.empty() && !results.sent.reason.empty()) {
        results.received.reason = "the sender: " + results.sent.reason;
    }
    std::ostream& out = human(results.options);
    out << bench_table(results);
    if (!results.received.reason.empty()) out << "Failed: " << results.received.reason << "\n";
    if (results.received.verified.value_or(false)) out << "every byte of a further request of each case verified\n";
    out << std::flush;
    write_csv(results);
    if (results.options.json) std::cout << bench_json(results) << std::endl;
    return results.received.reason.empty() ? ExitStatus::verified : ExitStatus::failed;
}

/// The sending half, for a receiver in another process or on another machine.
ExitStatus serve(const Options& options, const Stop& stop) {
    const BenchPlan plan(options);
    BenchSender sender(plan, options, device_of(options));
    if (options.events) {
        EventWriter().ready(Side::embedding, sender.endpoint(), sender.device());
    } else {
        human(options) << "remit bench: waits on " << sender.device() << " for a receiver: remit bench --connect "
                       << sender.endpoint() << " with the same --sizes, --modes and --seed" << std::endl;
    }
    const BenchSenderReport report = sender.run(stop);
    if (options.events || options.json) std::cout << bench_sender_json(report) << std::endl;
    if (report.reason.empty()) return ExitStatus::verified;
    if (!options.events) human(options) << "Failed: " << report.reason << std::endl;
    return ExitStatus::failed;
}

ExitStatus receive_from(const std::string& endpoint, const Options& options, const Stop& stop) {
    const BenchPlan plan(options);
    BenchReceiver receiver(plan, options, device_of(options), CpuClock());
    return tell({plan, options, receiver.run(endpoint, stop), {}});
}

/// What the sender's process is told: all but what is this process's own. The two speak over 127.0.0.1, without keys,
/// as the round trip that latency is compared with has none.
std::vector<std::string> sender_arguments(const Options& options, const std::string& device) {
    std::vector<std::string> arguments{"bench", "--events", "--listen=tcp://127.0.0.1:0"};
    for (const auto& [name, value] : options.given) {
        const bool own = name == "--json" || name == "--csv" || name == "--device";
        if (!own) arguments.push_back(value.empty() ? name : name + "=" + value);
    }
    if (!device.empty()) arguments.push_back("--device=" + device);
    return arguments;
}

ExitStatus run_pair(const Options& given, const Stop& stop) {
    const BenchPlan plan(given);  // what is wrong with the options shows before anything is started
    const DevicePair devices = choose_devices(given.devices, active_devices());
    if (!devices.note.empty()) human(given) << devices.note << std::endl;
    SenderProcess sender(sender_arguments(given, devices.sender), stop);
    Options options = given;
    options.connect = sender.endpoint();
    BenchReceiver receiver(plan, options, devices.receiver, CpuClock(sender.pid()));
    BenchReceiverReport received = receiver.run(sender.endpoint(), stop);
    BenchSenderReport sent = sender.report(received.reason.empty(), stop);
    return tell({plan, options, std::move(received), std::move(sent)});
}

ExitStatus run_loopback(const Options& given, const Stop& stop) {
    const BenchPlan plan(given);
    BenchSender sender(plan, given, "");
    Options options = given;
    options.connect = sender.endpoint();
    BenchReceiver receiver(plan, options, "", CpuClock());
    const Stop sender_stop(&stop);
    auto sending = std::async(std::launch::async, [&] { return sender.run(sender_stop); });
    BenchReceiverReport received = receiver.run(sender.endpoint(), stop);
    if (!received.reason.empty()) sender_stop.request();
    return tell({plan, options, std::move(received), sending.get()});
}

}  // namespace

ExitStatus run_bench(const Options& options) {
    const Stop stop;
    if (!options.listen.empty()) return serve(options, stop);
    if (!options.connect.empty()) return receive_from(options.connect, options, stop);
    return options.fabric().kind == FabricKind::loopback ? run_loopback(options, stop) : run_pair(options, stop);
}

}  // namespace remit::tools
