#include "plan/checksums.hpp"

#include <array>

namespace remit::plan {

void fold(Checksums& chain, const Checksums& round) {
    chain.resize(round.size(), 0);
    for (std::size_t i = 0; i < round.size(); ++i) {
        const std::array<std::uint8_t, 4> bytes{
            static_cast<std::uint8_t>(round[i]), static_cast<std::uint8_t>(round[i] >> 8),
            static_cast<std::uint8_t>(round[i] >> 16), static_cast<std::uint8_t>(round[i] >> 24)};
        chain[i] = crc32c(chain[i], bytes.data(), bytes.size());
    }
}

}  // namespace remit::plan
