#include <arpa/inet.h>

#include <iostream>

#include "bootstrap/route_server.hpp"
#include "tools/commands.hpp"
#include "tools/run/stop.hpp"

namespace remit::tools {
namespace {

constexpr const char* kDefault = "127.0.0.1:8998";
constexpr std::chrono::hours kLong{1};

bool is_loopback(const std::string& host) {
    in_addr narrow{};
    in6_addr wide{};
    if (host == "localhost") return true;
    if (inet_pton(AF_INET, host.c_str(), &narrow) == 1) return (ntohl(narrow.s_addr) >> 24) == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, host.c_str(), &wide) == 1 && IN6_IS_ADDR_LOOPBACK(&wide);
}

}  // namespace

ExitStatus run_bootstrap(const Options& options) {
    const Stop stop;
    const bootstrap::Url at = bootstrap::listen_address_of(options.listen.empty() ? kDefault : options.listen);
    if (!is_loopback(at.host) && !options.config().language.control.insecure) {
        throw UsageError("option --listen: value \"" + at.authority() + "\" is off loopback, and whoever reaches it may "
                         "register and look up; permitted: with --insecure, where the network is trusted");
    }
    const bootstrap::RouteServer server(at);
    std::cout << "remit bootstrap: " << server.url() << std::endl;
    while (!stop.requested()) stop.wait({}, kLong);
    return ExitStatus::verified;
}

}  // namespace remit::tools
