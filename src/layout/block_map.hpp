#pragma once

#include <remit/layout.hpp>

#include <tl/expected.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace remit {

/// A registered range of memory; keys are local or remote ones, depending on whose map they stand in.
struct Registration {
    std::uint64_t address = 0;
    std::uint64_t length = 0;
    std::uint32_t key = 0;                       ///< on rail 0
    std::vector<std::uint32_t> further_keys{};  ///< on rails 1, 2, …
    [[nodiscard]] std::uint32_t key_on(std::uint32_t rail) const noexcept {
        return rail == 0 ? key : further_keys[rail - 1];
    }
    bool operator==(const Registration&) const = default;
};

inline constexpr std::uint32_t kUnregistered = std::numeric_limits<std::uint32_t>::max();

/// Where one segment's blocks lie.
struct SegmentMap {
    std::uint64_t base = 0;
    std::uint64_t block_stride = 0;
    std::uint64_t plane_stride = 0;
    std::uint32_t registration = kUnregistered;  ///< index into BlockMap::registrations
    bool operator==(const SegmentMap&) const = default;
};

/// Where the blocks of a pool (or the tensors of a request, as one large block) lie in memory. One formula
/// addresses every segment: base + block*block_stride + plane*plane_stride + token*token_bytes.
/// The plane stride is fixed by the block size, never by the number of valid tokens.
struct BlockMap {
    std::uint32_t blocks = 0;
    std::uint64_t block_size = 0;  ///< tokens a block
    Arrangement arrangement = Arrangement::segments;
    std::vector<SegmentMap> segments;  ///< in the order of Layout::segments()
    std::vector<Registration> registrations;

    [[nodiscard]] std::uint64_t address(std::size_t segment, BlockId block, std::uint32_t plane, std::uint64_t token,
                                        std::uint64_t token_bytes) const noexcept {
        const SegmentMap& s = segments[segment];
        return s.base + block * s.block_stride + plane * s.plane_stride + token * token_bytes;
    }
    bool operator==(const BlockMap&) const = default;
};

/// Rails that a registered map has keys for.
[[nodiscard]] inline std::uint32_t rails_of(const BlockMap& map) noexcept {
    return map.registrations.empty() ? 1 : 1 + static_cast<std::uint32_t>(map.registrations[0].further_keys.size());
}

/// Bytes of one block of `block_size` tokens, or nothing where they do not fit 64 bits.
[[nodiscard]] std::optional<std::uint64_t> checked_block_bytes(const Segment& segment,
                                                               std::uint64_t block_size) noexcept;

/// The map of a pool at `start`, in the layout's arrangement, without registrations.
[[nodiscard]] BlockMap place_pool(const Layout& layout, std::uint32_t blocks, std::uint64_t start);

/// The map of one request's contiguous tensors: a single block of `tokens` tokens, unregistered.
/// `bases` follows layout.segments().
[[nodiscard]] BlockMap place_tensors(const Layout& layout, std::uint64_t tokens, std::span<const std::uint64_t> bases);
/// The same into a map that has been used before, whose memory is used again.
void place_tensors(const Layout& layout, std::uint64_t tokens, std::span<const std::uint64_t> bases, BlockMap& map);

/// Checks a map that came from a peer: sizes in range, no address overflows, every block lies inside its registration, and
/// no two blocks or segments overlap. The error names segment and values.
[[nodiscard]] tl::expected<void, std::string> validate_map(const Layout& layout, const BlockMap& map);

}  // namespace remit
