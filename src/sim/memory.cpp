#include "sim/memory.hpp"

#include "base/checked.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::sim {
namespace {

constexpr int kAreaBits = 32;

}  // namespace

std::uint64_t Memory::add(std::uint64_t bytes, Random& random) {
    Area area;
    area.start = (std::uint64_t{areas_.size()} + 1) << kAreaBits | random.below(16) * 4;
    area.bytes.resize(bytes);
    std::uint64_t noise = random.next();
    for (std::uint8_t& byte : area.bytes) {
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<std::uint8_t>(noise >> 56);
    }
    areas_.push_back(std::move(area));
    return areas_.back().start;
}

std::uint8_t* Memory::at(std::uint64_t address, std::uint64_t bytes) {
    const std::uint64_t index = (address >> kAreaBits) - 1;
    if (index < areas_.size()) {
        Area& area = areas_[index];
        const std::uint64_t offset = address - area.start;
        if (offset <= area.bytes.size() && bytes <= area.bytes.size() - offset) return area.bytes.data() + offset;
    }
    throw Violation(fmt::format("{} bytes at {:#x} are outside all memory", bytes, address));
}

Placement place_small(const Layout& layout, std::uint32_t blocks, Random& random) {
    const bool slab = layout.shape().arrangement == Arrangement::slab;
    Placement placement;
    placement.map = {blocks, layout.block_size(), layout.shape().arrangement, {}, {}};
    std::uint64_t offset = 0;
    for (const Segment& segment : layout.segments()) {
        const std::uint64_t bytes = segment.block_bytes(layout.block_size());
        const std::uint64_t padding = random.pick({0u, 0u, 4u});
        const std::uint64_t stride = slab ? 0 : bytes + padding;
        placement.map.segments.push_back(
            {offset, stride, segment.rows(layout.block_size()) * segment.token_bytes, kUnregistered});
        offset += (slab ? bytes + padding : stride * blocks) + random.pick({0u, 4u});
    }
    placement.bytes = slab ? offset * blocks : offset;
    if (slab) {
        for (SegmentMap& segment : placement.map.segments) segment.block_stride = offset;
    }
    return placement;
}

BlockMap moved_to(BlockMap map, std::uint64_t start, std::uint64_t bytes, std::uint32_t key) {
    map.registrations = {{start, bytes, key}};
    for (SegmentMap& segment : map.segments) {
        segment.base += start;
        segment.registration = 0;
    }
    return map;
}

}  // namespace remit::sim
