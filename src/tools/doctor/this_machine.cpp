#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>
#include <remit/error.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "tools/doctor/machine.hpp"

namespace remit::tools::doctor {
namespace {

constexpr std::size_t kMostOutput = std::size_t{1} << 20;

/// What a fixed command line writes; nothing where it does not end with 0.
std::optional<std::string> output_of(const char* command) {
    FILE* const pipe = ::popen(command, "r");
    if (pipe == nullptr) return std::nullopt;
    std::string output;
    std::array<char, 4096> part{};
    for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
        if (output.size() < kMostOutput) output.append(part.data(), got);
    }
    const int status = ::pclose(pipe);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? std::optional(std::move(output)) : std::nullopt;
}

/// Both: rules of either kind drop packets, and each tool shows its own.
std::optional<std::string> firewall_rules() {
    const auto nft = output_of("PATH=$PATH:/usr/sbin:/sbin timeout 5 nft list ruleset 2>/dev/null </dev/null");
    const auto tables = output_of("PATH=$PATH:/usr/sbin:/sbin timeout 5 iptables-save 2>/dev/null </dev/null");
    if (!nft && !tables) return std::nullopt;
    return nft.value_or("") + tables.value_or("");
}

std::optional<bool> clock_synchronised() {
    timex state{};
    if (::adjtimex(&state) < 0) return std::nullopt;
    return (state.status & STA_UNSYNC) == 0;
}

Identity identity() {
    Identity who{::geteuid(), ::getegid(), {}};
    const int count = ::getgroups(0, nullptr);
    if (count > 0) {
        who.groups.resize(static_cast<std::size_t>(count));
        who.groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(count, who.groups.data()))));
    }
    return who;
}

}  // namespace

Machine read_machine(const Wanted& wanted, const std::string& local_ip) {
    Machine machine;
    for (const char* folder : {"proc/self", "sys/class"}) {
        if (machine.exists(folder)) continue;
        throw Error(ErrorKind::environment, std::string("/") + folder +
                                                " is not there: mount proc and sysfs (mount -t proc proc "
                                                "/proc; mount -t sysfs sysfs /sys)");
    }
    machine.wanted = wanted;
    machine.rdma = read_rdma_facts(local_ip);
    machine.identity = identity();
    machine.firewall = firewall_rules();
    machine.clock_synchronised = clock_synchronised();
    return machine;
}

}  // namespace remit::tools::doctor
