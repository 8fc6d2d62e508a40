#include "fabric/registration_error.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <unistd.h>
#include <remit/error.hpp>

#include <cerrno>
#include <system_error>

namespace remit::fabric {
namespace {

std::string remedy(int error, std::uint64_t memlock_limit) {
    if (error == EFAULT) return "the range is not mapped, or not writable";
    if (error == EINVAL) return "the device refuses the range or the access asked for";
    if (error != ENOMEM && error != EPERM && error != EAGAIN) return "the device refuses it";
    if (memlock_limit == RLIM_INFINITY) {
        return "RLIMIT_MEMLOCK is unlimited, so memory or the device's regions ran out: register less";
    }
    return fmt::format(
        "RLIMIT_MEMLOCK is {} bytes ({} KiB), all registrations together: raise it with `ulimit -l unlimited`, "
        "`LimitMEMLOCK=infinity` in a systemd unit, or `--ulimit memlock=-1` for a container",
        memlock_limit, memlock_limit / 1024);
}

}  // namespace

std::string registration_error_text(const void* address, std::size_t bytes, int error, std::uint64_t memlock_limit) {
    return fmt::format("cannot register {} bytes at {}: {} ({}): {}", bytes, address,
                       std::generic_category().message(error), error, remedy(error, memlock_limit));
}

std::string refusal_text(std::string_view call, std::string_view what, int error) {
    return fmt::format("{} {}: {} ({})", call, what, std::generic_category().message(error), error);
}

void check(const DmabufRange& range) {
    if (range.bytes == 0) throw Error(ErrorKind::bad_argument, "a memory region of 0 bytes: register at least one");
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if ((range.address - range.offset) % page == 0) return;
    throw Error(ErrorKind::bad_argument,
                fmt::format("a dma-buf range at offset {:#x} cannot have the address {:#x}; permitted: the same place in a "
                            "page of {} bytes",
                            range.offset, range.address, page));
}

}  // namespace remit::fabric
