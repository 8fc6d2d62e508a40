#include "fabric/verbs/registrar.hpp"

#include "base/log.hpp"
#include "fabric/registration_error.hpp"

#include <sys/resource.h>
#include <remit/error.hpp>

#include <bit>
#include <cerrno>
#include <system_error>
#include <utility>

namespace remit::fabric::verbs {
namespace {

constexpr int kDataDirect = 1;  // MLX5DV_REG_DMABUF_ACCESS_DATA_DIRECT; rdma-core 44 does not name it yet

/// Address and length are kept here: of a dma-buf's region, ibv_mr::addr is the offset in the dma-buf.
class VerbsMemoryRegion final : public MemoryRegion {
public:
    VerbsMemoryRegion(ibv_mr* handle, int (*dereg_mr)(ibv_mr*), std::uint64_t address, std::uint64_t length,
                      std::shared_ptr<void> keep)
        : keep_(std::move(keep)), handle_(handle), dereg_mr_(dereg_mr), address_(address), length_(length) {}
    ~VerbsMemoryRegion() override {
        const int error = dereg_mr_(handle_);
        if (error == 0) return;
        // It leaks until the device is closed; nothing else can be done.
        log().error("a memory region could not be deregistered: {} ({})", std::generic_category().message(error), error);
    }
    VerbsMemoryRegion(const VerbsMemoryRegion&) = delete;
    VerbsMemoryRegion& operator=(const VerbsMemoryRegion&) = delete;

    [[nodiscard]] std::uint64_t address() const noexcept override { return address_; }
    [[nodiscard]] std::uint64_t length() const noexcept override { return length_; }
    [[nodiscard]] std::uint32_t local_key() const noexcept override { return handle_->lkey; }
    [[nodiscard]] std::uint32_t remote_key() const noexcept override { return handle_->rkey; }

private:
    std::shared_ptr<void> keep_;
    ibv_mr* handle_;
    int (*dereg_mr_)(ibv_mr*);
    std::uint64_t address_;
    std::uint64_t length_;
};

unsigned access_flags(Access access) {
    // A remote write needs the right to write locally too.
    unsigned flags = IBV_ACCESS_LOCAL_WRITE;
    if (access != Access::local) flags |= IBV_ACCESS_REMOTE_WRITE;
    if (access == Access::remote_read_write) flags |= IBV_ACCESS_REMOTE_READ;
    return flags;
}

std::uint64_t memlock_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

bool never_supported(int error) {
    return error == EOPNOTSUPP || error == ENOSYS || error == EPROTONOSUPPORT;
}

void require_bytes(std::uint64_t bytes) {
    if (bytes == 0) throw Error(ErrorKind::bad_argument, "a memory region of 0 bytes: register at least one");
}

}  // namespace

Registrar::Registrar(const RegistrationCalls& calls, ibv_pd* domain, std::string name, bool relaxed_ordering)
    : calls_(calls), domain_(domain), name_(std::move(name)), relaxed_ordering_(relaxed_ordering) {}

ibv_mr* Registrar::register_range(void* address, std::size_t bytes, unsigned flags) const {
    if (relaxed_ordering_) {
        ibv_mr* region = calls_.reg_mr(domain_, address, bytes, flags | IBV_ACCESS_RELAXED_ORDERING);
        if (region != nullptr || (errno != EINVAL && errno != EOPNOTSUPP)) return region;
    }
    return calls_.reg_mr(domain_, address, bytes, flags);
}

ibv_mr* Registrar::register_range(const DmabufRange& range, unsigned flags) const {
    // Kernels that register dma-bufs know the flag, and devices without relaxed ordering pass it over.
    if (relaxed_ordering_) flags |= IBV_ACCESS_RELAXED_ORDERING;
    const int access = static_cast<int>(flags);
    if (range.pcie) {
        return calls_.mlx5_reg_dmabuf_mr(domain_, range.offset, range.bytes, range.address, range.descriptor, access,
                                         kDataDirect);
    }
    return calls_.reg_dmabuf_mr(domain_, range.offset, range.bytes, range.address, range.descriptor, access);
}

std::unique_ptr<MemoryRegion> Registrar::memory(void* address, std::size_t bytes, Access access,
                                                std::shared_ptr<void> keep) const {
    require_bytes(bytes);
    ibv_mr* handle = register_range(address, bytes, access_flags(access));
    if (handle == nullptr) {
        throw Error(ErrorKind::environment,
                    name_ + ": " + registration_error_text(address, bytes, errno, memlock_limit()));
    }
    return std::make_unique<VerbsMemoryRegion>(handle, calls_.dereg_mr, std::bit_cast<std::uintptr_t>(address), bytes,
                                               std::move(keep));
}

Registered Registrar::dmabuf(const DmabufRange& range, Access access, std::shared_ptr<void> keep) const {
    check(range);
    if (range.pcie && !takes_pcie_mapping()) {
        // The plain call may accept such a descriptor, and fail at the peer's first write.
        throw Error(ErrorKind::misuse, name_ + " takes no dma-buf with the PCIe mapping");
    }
    Registered result;
    ibv_mr* handle = register_range(range, access_flags(access));
    if (handle == nullptr) {
        result.error = errno;
        result.unsupported = never_supported(result.error);
        result.refusal = refusal_text(range.pcie ? "mlx5dv_reg_dmabuf_mr" : "ibv_reg_dmabuf_mr", "on " + name_, result.error);
        return result;
    }
    result.region = std::make_unique<VerbsMemoryRegion>(handle, calls_.dereg_mr, range.address, range.bytes,
                                                        std::move(keep));
    return result;
}

Registered Registrar::peer_memory(std::uint64_t address, std::uint64_t bytes, Access access,
                                  std::shared_ptr<void> keep) const {
    require_bytes(bytes);
    Registered result;
    ibv_mr* handle = register_range(std::bit_cast<void*>(static_cast<std::uintptr_t>(address)), bytes,
                                    access_flags(access));
    if (handle == nullptr) {
        result.error = errno;
        // Without the module the kernel takes the address for one of the process, where it is not mapped.
        result.unsupported = result.error == EFAULT || never_supported(result.error);
        result.refusal = refusal_text("ibv_reg_mr", "of device memory on " + name_, result.error) +
                         (result.error == EFAULT ? ": is the kernel module nvidia-peermem loaded?" : "");
        return result;
    }
    result.region = std::make_unique<VerbsMemoryRegion>(handle, calls_.dereg_mr, address, bytes, std::move(keep));
    return result;
}

}  // namespace remit::fabric::verbs
