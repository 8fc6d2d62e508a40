#include "memory/host_copy.hpp"

#include "base/crc32c.hpp"
#include "memory/stream_copy.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace remit::memory {
namespace {

const std::byte* source_of(const Copy& copy) noexcept { return reinterpret_cast<const std::byte*>(copy.source); }

/// Through the caches, by the C library's vectors.
void copy_cached(const Copy& copy, std::byte* destination) noexcept {
    if (copy.source == 0) {
        std::memset(destination, 0, copy.bytes);
    } else {
        std::memcpy(destination, source_of(copy), copy.bytes);
    }
}

void copy_streamed(const Copy& copy, std::byte* destination) noexcept {
    if (copy.source == 0) {
        stream_zeros(destination, copy.bytes);
    } else {
        stream_copy(destination, source_of(copy), copy.bytes);
    }
}

std::uint64_t bytes_of(std::span<const Copy> copies) noexcept {
    std::uint64_t bytes = 0;
    for (const Copy& copy : copies) bytes += copy.bytes;
    return bytes;
}

}  // namespace

bool HostCopyExecutor::streams(std::uint64_t batch_bytes) const noexcept {
    const std::uint64_t touched = 2 * batch_bytes;  // on both sides
    return std::max(working_set_, touched) > last_level_cache();
}

Ticket HostCopyExecutor::submit(std::span<const Copy> copies, std::uint64_t destination_base) {
    const bool streamed = streams(bytes_of(copies));
    for (const Copy& copy : copies) {
        auto* const destination = reinterpret_cast<std::byte*>(destination_base + copy.destination);
        if (streamed && copy.bytes >= kStreamedPiece) {
            copy_streamed(copy, destination);
        } else {
            copy_cached(copy, destination);
        }
    }
    if (streamed) finish_streaming();
    return ++last_;
}

Ticket HostCopyExecutor::reckon(std::span<const Stretch> stretches, std::size_t sums) {
    std::vector<std::uint32_t>& reckoned = sums_[++last_];
    reckoned.resize(sums, 0);
    for (const Stretch& stretch : stretches) {
        std::uint32_t& sum = reckoned[stretch.sum];
        sum = crc32c(sum, reinterpret_cast<const void*>(stretch.address), stretch.bytes);
    }
    return last_;
}

std::vector<std::uint32_t> HostCopyExecutor::take_sums(Ticket ticket) {
    auto taken = sums_.extract(ticket);
    return taken.empty() ? std::vector<std::uint32_t>() : std::move(taken.mapped());
}

}  // namespace remit::memory
