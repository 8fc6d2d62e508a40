#include "fabric/verbs/memory_region.hpp"

#include "fabric/registration_error.hpp"

#include <sys/resource.h>
#include <remit/error.hpp>

#include <bit>
#include <cerrno>

namespace remit::fabric::verbs {
namespace {

unsigned access_flags(Access access) {
    // A remote write needs the right to write locally too.
    unsigned flags = IBV_ACCESS_LOCAL_WRITE;
    if (access != Access::local) flags |= IBV_ACCESS_REMOTE_WRITE;
    if (access == Access::remote_read_write) flags |= IBV_ACCESS_REMOTE_READ;
    return flags;
}

ibv_mr* register_range(const Device& device, void* address, std::size_t bytes, unsigned flags) {
    if (device.options().relaxed_ordering) {
        ibv_mr* region = ibv_reg_mr(device.domain(), address, bytes, flags | IBV_ACCESS_RELAXED_ORDERING);
        if (region != nullptr || (errno != EINVAL && errno != EOPNOTSUPP)) return region;
    }
    return ibv_reg_mr(device.domain(), address, bytes, flags);
}

std::uint64_t memlock_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

}  // namespace

VerbsMemoryRegion::VerbsMemoryRegion(std::shared_ptr<Device> device, void* address, std::size_t bytes, Access access)
    : device_(std::move(device)) {
    if (bytes == 0) throw Error(ErrorKind::bad_argument, "a memory region of 0 bytes: register at least one");
    handle_.reset(register_range(*device_, address, bytes, access_flags(access)));
    if (handle_) return;
    throw Error(ErrorKind::environment,
                device_->name() + ": " + registration_error_text(address, bytes, errno, memlock_limit()));
}

std::uint64_t VerbsMemoryRegion::address() const noexcept {
    return std::bit_cast<std::uintptr_t>(handle_->addr);
}

}  // namespace remit::fabric::verbs
