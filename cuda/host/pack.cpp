#include "host/pack.hpp"

#include <algorithm>
#include <limits>

namespace remit::gpu {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint64_t round_down(std::uint64_t address) {
    return address - address % kSlotBytes;
}

/// A range that starts behind the first slot, so that 0 can mean "nothing", and does not wrap.
bool is_range(std::uint64_t address, std::uint64_t bytes) {
    constexpr std::uint64_t last = kLargest - kSlotBytes;
    return address >= kSlotBytes && address <= last && bytes <= last - address;
}

struct Bounds {
    std::uint64_t lowest = kLargest;
    std::uint64_t highest = 0;
    void add(std::uint64_t address) {
        lowest = std::min(lowest, address);
        highest = std::max(highest, address);
    }
    [[nodiscard]] bool any() const { return lowest <= highest; }
};

struct Survey {
    PackStatus status = PackStatus::packed;
    Bounds sources;
    Bounds destinations;
};

Survey survey(std::span<const memory::Copy> copies, std::uint64_t destination_base) {
    Survey result;
    for (const memory::Copy& copy : copies) {
        if (copy.bytes == 0) continue;
        const std::uint64_t destination = destination_base + copy.destination;
        const bool wraps = destination < destination_base || !is_range(destination, copy.bytes);
        if (wraps || (copy.source != 0 && !is_range(copy.source, copy.bytes))) {
            result.status = PackStatus::bad_address;
            return result;
        }
        if (copy.bytes > std::uint64_t{kMaxSlots} * kSlotBytes) result.status = PackStatus::too_many_bytes;
        result.destinations.add(destination);
        if (copy.source != 0) result.sources.add(copy.source);
    }
    return result;
}

/// One slot below the lowest source, since offset 0 stands for zeros.
std::uint64_t source_base_of(const Bounds& sources) {
    return sources.any() ? round_down(sources.lowest) - kSlotBytes : 0;
}

std::uint64_t destination_base_of(const Bounds& destinations) {
    return destinations.any() ? round_down(destinations.lowest) : 0;
}

}  // namespace

std::string_view text_of(PackStatus status) noexcept {
    switch (status) {
        case PackStatus::packed: return "packed";
        case PackStatus::too_many_pieces: return "more pieces than the batch holds";
        case PackStatus::too_many_bytes: return "more than 4 GiB in one batch";
        case PackStatus::bad_address: return "a copy whose address range wraps or starts at null";
        case PackStatus::far_apart: return "addresses further apart than 256 TiB";
    }
    return "unknown";
}

std::uint64_t count_pieces(std::span<const memory::Copy> copies) noexcept {
    return static_cast<std::uint64_t>(
        std::count_if(copies.begin(), copies.end(), [](const memory::Copy& copy) { return copy.bytes != 0; }));
}

PackStatus pack(std::span<const memory::Copy> copies, std::uint64_t destination_base, std::span<Piece> pieces,
                BatchHeader& header) noexcept {
    const Survey seen = survey(copies, destination_base);
    if (seen.status != PackStatus::packed) return seen.status;
    header.source_base = source_base_of(seen.sources);
    header.destination_base = destination_base_of(seen.destinations);
    std::uint64_t slots = 0;
    std::uint32_t count = 0;
    for (const memory::Copy& copy : copies) {
        if (copy.bytes == 0) continue;
        if (count == pieces.size()) return PackStatus::too_many_pieces;
        const std::uint64_t source = copy.source == 0 ? 0 : copy.source - header.source_base;
        const std::uint64_t destination = destination_base + copy.destination - header.destination_base;
        if (source > kMaxOffset || destination > kMaxOffset) return PackStatus::far_apart;
        // Bytes from the start of the first slot touched to the end of the copy.
        const std::uint64_t reach = destination % kSlotBytes + copy.bytes;
        slots += (reach + kSlotBytes - 1) / kSlotBytes;
        if (slots > kMaxSlots) return PackStatus::too_many_bytes;
        const auto tail = static_cast<std::uint32_t>((reach - 1) % kSlotBytes) + 1;
        pieces[count++] = pack_piece(source, destination, {static_cast<std::uint32_t>(slots), tail});
    }
    header.pieces = count;
    header.slots = static_cast<std::uint32_t>(slots);
    return PackStatus::packed;
}

}  // namespace remit::gpu
