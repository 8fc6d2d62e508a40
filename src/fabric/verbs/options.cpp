#include "fabric/verbs/options.hpp"

#include <spdlog/fmt/fmt.h>
#include <remit/error.hpp>

#include <bit>

namespace remit::fabric::verbs {
namespace {

void in_range(const char* name, int value, int low, int high, const char* why = "") {
    if (value >= low && value <= high) return;
    throw Error(ErrorKind::bad_argument, fmt::format("{} is {}; permitted: {} to {}{}", name, value, low, high, why));
}

}  // namespace

void check(const VerbsOptions& options) {
    in_range("port", options.port, 0, 255);
    in_range("gid_index", options.gid_index, -1, 255, " (-1: chosen; verbs routes carry 8 bits)");
    in_range("service_level", options.service_level, 0, 15);
    in_range("timeout", options.timeout, 1, 31, " (0 would wait for ever)");
    in_range("retry_count", options.retry_count, 0, 7);
    in_range("rnr_retry", options.rnr_retry, 0, 6, " (7 would retry for ever)");
    in_range("min_rnr_timer", options.min_rnr_timer, 0, 31);
    in_range("hop_limit", options.hop_limit, 1, 255);
    const bool mtu_known =
        options.mtu == 0 || (std::has_single_bit(options.mtu) && options.mtu >= 256 && options.mtu <= 4096);
    if (!mtu_known) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("mtu is {}; permitted: 256, 512, 1024, 2048, 4096, or 0 for the port's", options.mtu));
    }
}

std::uint32_t choose_mtu(std::uint32_t wanted, std::uint32_t port_mtu) {
    if (wanted == 0) return port_mtu;
    if (wanted <= port_mtu) return wanted;
    throw Error(
        ErrorKind::environment,
        fmt::format("mtu {} is more than the port's active MTU of {} bytes: raise the MTU of its network device "
                    "(a path MTU of 4096 needs 4200) or ask for less",
                    wanted, port_mtu));
}

}  // namespace remit::fabric::verbs
