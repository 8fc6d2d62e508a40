#include <unistd.h>

#include <iostream>

#include "tools/cli/wording.hpp"
#include "tools/commands.hpp"
#include "tools/doctor/checks.hpp"
#include "tools/doctor/peer/session.hpp"
#include "tools/doctor/print.hpp"

namespace remit::tools {
namespace {

doctor::Wanted wanted_by(const Options& options) {
    doctor::Wanted wanted;
    wanted.device = joined(options.devices);
    wanted.port = options.fabric().port;
    wanted.gid_index = options.fabric().gid_index;
    return wanted;
}

/// Of this machine, and of the way to another where one is named.
std::vector<doctor::Finding> findings_of(const Options& options) {
    const doctor::Machine machine = doctor::read_machine(wanted_by(options), options.advertise);
    doctor::Findings all;
    all.append(doctor::check_all(machine));
    if (options.peer.empty() && options.listen.empty()) return all.take();
    const Stop stop;
    if (options.peer.empty()) {
        std::cerr << "remit doctor: waits for another: remit doctor --peer " << options.listen << std::endl;
        all.append(doctor::answer_peer(machine, options, stop));
    } else {
        all.append(doctor::ask_peer(machine, options, stop));
    }
    return all.take();
}

}  // namespace

ExitStatus run_doctor(const Options& options) {
    const std::vector<doctor::Finding> findings = findings_of(options);
    std::ostream& human = options.json ? std::cerr : std::cout;
    human << doctor::to_text(findings, ::isatty(options.json ? STDERR_FILENO : STDOUT_FILENO) == 1) << std::flush;
    if (options.json) std::cout << doctor::to_json(findings) << std::endl;
    return doctor::worst(findings) == doctor::Verdict::problem ? ExitStatus::failed : ExitStatus::verified;
}

}  // namespace remit::tools
