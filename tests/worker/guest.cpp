#include "guest.hpp"

#include "processes.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace remit::worker::test {
namespace {

std::string port_of(std::size_t side) {
    return "/sys/class/infiniband/" + device_name(side) + "/ports/1";
}

bool is_active(std::size_t side) {
    std::string state;
    std::getline(std::ifstream(port_of(side) + "/state"), state);
    return state.find("ACTIVE") != std::string::npos;
}

/// An IPv4-mapped GID is back some time after the port is.
bool has_address(std::size_t side) {
    for (const auto& entry : std::filesystem::directory_iterator(port_of(side) + "/gids")) {
        std::string gid;
        std::getline(std::ifstream(entry.path()), gid);
        if (gid.rfind("0000:0000:0000:0000:0000:ffff:", 0) == 0) return true;
    }
    return false;
}

}  // namespace

void run_command(const std::string& command) {
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

bool owns_the_machine() {
    const std::vector<std::string> lane = words_of("REMIT_GUEST");
    return !lane.empty() && (lane[0] == "qemu" || lane[0] == "uml");
}

Disturbed::Disturbed(const std::string& how) {
    for (const std::string& netdev : netdevs()) {
        run_command("tc qdisc replace dev " + netdev + " root netem limit 100000 " + how);
    }
}

Disturbed::~Disturbed() {
    for (const std::string& netdev : netdevs()) run_command("tc qdisc del dev " + netdev + " root");
}

ControlCut::ControlCut() {
    EXPECT_TRUE(owns_the_machine());
    run_command("tc qdisc replace dev lo root netem loss 100%");
}

ControlCut::~ControlCut() {
    run_command("tc qdisc del dev lo root");
}

LinkDown::LinkDown() {
    run_command("ip link set " + netdevs()[0] + " down");
}

LinkDown::~LinkDown() {
    run_command("ip link set " + netdevs()[0] + " up");
    EXPECT_TRUE(comes_true([] { return is_active(0) && is_active(1) && has_address(0) && has_address(1); }));
}

std::uint64_t disturbances() {
    std::uint64_t sum = 0;
    for (std::size_t side = 0; side < 2; ++side) {
        for (const char* name : {"rcvd_seq_err", "out_of_seq_request", "duplicate_request", "retry_exceeded_err",
                                 "completer_retry_err", "send_err"}) {
            std::uint64_t value = 0;
            std::ifstream(port_of(side) + "/hw_counters/" + name) >> value;
            sum += value;
        }
    }
    return sum;
}

}  // namespace remit::worker::test
