#include <unistd.h>

#include <iostream>

#include "tools/cli/wording.hpp"
#include "tools/commands.hpp"
#include "tools/doctor/checks.hpp"
#include "tools/doctor/print.hpp"

namespace remit::tools {
namespace {

doctor::Wanted wanted_by(const Options& options) {
    doctor::Wanted wanted;
    wanted.device = joined(options.devices);
    if (options.ib_port) wanted.port = static_cast<int>(*options.ib_port);
    if (options.gid_index) wanted.gid_index = static_cast<int>(*options.gid_index);
    return wanted;
}

}  // namespace

ExitStatus run_doctor(const Options& options) {
    const doctor::Machine machine = doctor::read_machine(wanted_by(options), options.advertise);
    const std::vector<doctor::Finding> findings = doctor::check_all(machine);
    std::ostream& human = options.json ? std::cerr : std::cout;
    human << doctor::to_text(findings, ::isatty(options.json ? STDERR_FILENO : STDOUT_FILENO) == 1) << std::flush;
    if (options.json) std::cout << doctor::to_json(findings) << std::endl;
    return doctor::worst(findings) == doctor::Verdict::problem ? ExitStatus::failed : ExitStatus::verified;
}

}  // namespace remit::tools
