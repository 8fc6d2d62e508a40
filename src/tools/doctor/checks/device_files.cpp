#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

bool may_read_and_write(const struct stat& file, const Identity& who) {
    if (who.user == 0) return true;
    const auto has = [&](unsigned shift) { return (file.st_mode >> shift & 6U) == 6U; };
    if (file.st_uid == who.user) return has(6);
    const bool member =
        file.st_gid == who.group || std::find(who.groups.begin(), who.groups.end(), file.st_gid) != who.groups.end();
    return has(member ? 3 : 0);
}

std::string remedy_for_missing(const Machine& machine, const std::string& name) {
    if (container_of(machine)) {
        return "start the container with the files: docker run --device=/dev/infiniband, podman run "
               "--device=/dev/infiniband, "
               "in Kubernetes the resource of the RDMA device plugin in limits (rdma/...: 1)";
    }
    return fmt::format(
        "modprobe ib_uverbs; if it is loaded, udev made no file: udevadm trigger, or mknod with the numbers in "
        "/sys/class/infiniband_verbs/{}/dev",
        name);
}

void check_file(const Machine& machine, const std::string& name, Findings& findings) {
    const std::string file = "/dev/infiniband/" + name;
    const auto device = machine.line("sys/class/infiniband_verbs/" + name + "/ibdev").value_or(name);
    struct stat status {};
    if (::stat(machine.path(file).c_str(), &status) != 0) {
        findings.add(Verdict::problem, "files.uverbs", device, file + " is not there",
                     remedy_for_missing(machine, name));
        return;
    }
    findings.ok("files.uverbs", device, file);
    const auto found = fmt::format("{} has mode {:04o}, owner {}, group {}; this process is user {}", file,
                                   status.st_mode & 07777U, status.st_uid, status.st_gid, machine.identity.user);
    if (may_read_and_write(status, machine.identity)) {
        findings.ok("files.permissions", device, found);
        return;
    }
    findings.add(
        Verdict::problem, "files.permissions", device, found,
        "a rule for udev: echo 'KERNEL==\"uverbs*\", MODE=\"0666\"' > /etc/udev/rules.d/90-rdma.rules && udevadm "
        "control --reload && udevadm trigger; or add the user to the file's group");
}

}  // namespace

std::vector<Finding> check_device_files(const Machine& machine) {
    Findings findings;
    if (machine.names("sys/class/infiniband").empty()) return findings.take();
    std::size_t files = 0;
    for (const std::string& name : machine.names("sys/class/infiniband_verbs")) {
        if (!name.starts_with("uverbs")) continue;
        check_file(machine, name, findings);
        ++files;
    }
    if (files == 0) {
        findings.add(Verdict::problem, "files.uverbs", "",
                     "the kernel offers no device to programs: /sys/class/infiniband_verbs is empty",
                     "modprobe ib_uverbs");
    }
    return findings.take();
}

}  // namespace remit::tools::doctor
