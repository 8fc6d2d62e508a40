#include "plan/pieces.hpp"

#include "base/checked.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::plan {
namespace {

/// The last byte of the map's last block must be addressable, and inside the registration where there is one.
tl::expected<void, std::string> check_segment(const Segment& shape, const SegmentMap& placed, const BlockMap& map,
                                              std::string_view name) {
    const auto strides = checked_mul(map.blocks - 1u, placed.block_stride);
    const auto base = strides ? checked_add(placed.base, *strides) : std::nullopt;
    const auto block = checked_block_bytes(shape, map.block_size);
    const auto end = base && block ? checked_add(*base, *block) : std::nullopt;
    if (!end) {
        return tl::unexpected(
            fmt::format("{} {}: addresses pass the end of the address space", name, to_string(shape.kind)));
    }
    if (placed.registration == kUnregistered) return {};
    if (placed.registration >= map.registrations.size()) {
        return tl::unexpected(
            fmt::format("{} {}: registration {} is unknown", name, to_string(shape.kind), placed.registration));
    }
    const Registration& registration = map.registrations[placed.registration];
    if (placed.base < registration.address || *end - registration.address > registration.length) {
        return tl::unexpected(fmt::format("{} {}: [{:#x}, {:#x}) leaves its registration of {} bytes at {:#x}", name,
                                          to_string(shape.kind), placed.base, *end, registration.length,
                                          registration.address));
    }
    return {};
}

tl::expected<void, std::string> check_map(const Layout& layout, const BlockMap& map, std::string_view name) {
    if (map.blocks == 0 || map.block_size == 0 || map.segments.size() != layout.segments().size() ||
        map.segments.size() > kMostSegments) {
        return tl::unexpected(fmt::format("{} map: {} blocks of {} tokens in {} segments", name, map.blocks,
                                          map.block_size, map.segments.size()));
    }
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        if (auto valid = check_segment(layout.segments()[i], map.segments[i], map, name); !valid) return valid;
    }
    return {};
}

tl::expected<void, std::string> check_range(const Side& side, const TokenRange& range, std::string_view name) {
    const auto capacity = checked_mul(side.table.size(), side.map.block_size);
    const auto capacity_end = capacity ? checked_add(side.first_token, *capacity) : std::nullopt;
    const auto end = checked_add(range.first, range.count);
    const bool fits = capacity_end && end && range.count > 0 && range.first >= side.first_token && *end <= *capacity_end;
    if (fits) return {};
    return tl::unexpected(fmt::format("tokens [{}, {}+{}) do not fit {} {} blocks of {} tokens from token {} on",
                                      range.first, range.first, range.count, side.table.size(), name,
                                      side.map.block_size, side.first_token));
}

}  // namespace

tl::expected<void, std::string> order_blocks(const Layout& layout, const Side& side, const TokenRange& range,
                                             std::string_view name, BlockOrder& order) {
    if (auto valid = check_map(layout, side.map, name); !valid) return valid;
    if (auto valid = check_range(side, range, name); !valid) return valid;
    order.clear();
    for (std::size_t place = 0; place < side.table.size(); ++place) {
        if (side.table[place] >= side.map.blocks) {
            return tl::unexpected(fmt::format("{} block {} is outside the pool of {} blocks", name, side.table[place],
                                              side.map.blocks));
        }
        order.emplace_back(side.table[place], static_cast<std::uint32_t>(place));
    }
    if (!std::is_sorted(order.begin(), order.end())) std::sort(order.begin(), order.end());
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (order[i].first == order[i - 1].first) {
            return tl::unexpected(fmt::format("{} block {} is named twice", name, order[i].first));
        }
    }
    const std::uint64_t first = (range.first - side.first_token) / side.map.block_size;
    const std::uint64_t last = (range.end() - 1 - side.first_token) / side.map.block_size;
    std::erase_if(order, [&](const auto& entry) { return entry.second < first || entry.second > last; });
    return {};
}

SegmentOrder order_segments(const BlockMap& map) {
    SegmentOrder order;
    // Each is put before those of the ordered ones that lie behind it: there are five at most.
    for (std::uint32_t segment = 0; segment < map.segments.size() && order.count < kMostSegments; ++segment) {
        std::size_t place = order.count++;
        for (; place > 0 && map.segments[order.indices[place - 1]].base > map.segments[segment].base; --place) {
            order.indices[place] = order.indices[place - 1];
        }
        order.indices[place] = segment;
    }
    return order;
}

}  // namespace remit::plan
