#include "memory/host_copy.hpp"

#include <cstring>

namespace remit::memory {

Ticket HostCopyExecutor::submit(std::span<const Copy> copies, std::uint64_t destination_base) {
    for (const Copy& copy : copies) {
        auto* destination = reinterpret_cast<std::byte*>(destination_base + copy.destination);
        if (copy.source == 0) {
            std::memset(destination, 0, copy.bytes);
        } else {
            std::memcpy(destination, reinterpret_cast<const std::byte*>(copy.source), copy.bytes);
        }
    }
    return ++last_;
}

}  // namespace remit::memory
