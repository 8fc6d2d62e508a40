#include "host/lots.hpp"

#include <algorithm>

namespace remit::gpu {

std::vector<SumLot> cut_into_lots(std::span<const memory::Stretch> stretches) {
    std::vector<SumLot> lots;
    for (const memory::Stretch& stretch : stretches) {
        for (std::uint64_t done = 0; done < stretch.bytes;) {
            const std::uint64_t at = stretch.address + done;
            const std::uint64_t left = stretch.bytes - done;
            const std::uint64_t taken = std::min(left, kLotBytes - at % kSlotBytes);
            lots.push_back({{at, taken}, stretch.sum});
            done += taken;
        }
    }
    return lots;
}

void JoinedSum::add(std::uint32_t remainder, std::uint64_t bytes) noexcept {
    if (bytes != last_bytes_) {
        last_bytes_ = bytes;
        last_factor_ = crc::power_of_x(8 * bytes);
    }
    remainder_ = crc::multiply(remainder_, last_factor_) ^ remainder;
    bytes_ += bytes;
}

/// The checksum begins with all ones instead of nothing, and is inverted.
std::uint32_t JoinedSum::value() const noexcept {
    return ~(remainder_ ^ crc::multiply(~std::uint32_t{0}, crc::power_of_x(8 * bytes_)));
}

}  // namespace remit::gpu
