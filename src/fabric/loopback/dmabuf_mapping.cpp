#include "fabric/loopback/dmabuf_mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>

namespace remit::fabric::loopback {

DmabufMapping::DmabufMapping(const DmabufRange& range) noexcept {
    lead_ = range.offset % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    bytes_ = lead_ + range.bytes;
    void* mapped = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, range.descriptor,
                          static_cast<off_t>(range.offset - lead_));
    if (mapped == MAP_FAILED) {
        error_ = errno;
    } else {
        mapped_ = mapped;
    }
}

DmabufMapping::~DmabufMapping() {
    if (mapped_ != nullptr) ::munmap(mapped_, bytes_);
}

std::uint64_t DmabufMapping::data() const noexcept {
    return std::bit_cast<std::uintptr_t>(mapped_) + lead_;
}

}  // namespace remit::fabric::loopback
