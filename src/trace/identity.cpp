#include "trace/identity.hpp"

#include <unistd.h>

#include <array>
#include <fstream>

namespace remit::trace {

ClockIdentity clock_identity() {
    ClockIdentity clock;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> clock.boot;
    std::array<char, 64> link{};
    const ssize_t length = ::readlink("/proc/self/ns/time", link.data(), link.size());
    if (length > 0) clock.time_namespace.assign(link.data(), static_cast<std::size_t>(length));
    return clock;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace remit::trace
