#include "tools/payload/tensors.hpp"

#include <algorithm>
#include <cstring>

namespace remit::tools {
namespace {

constexpr std::uint64_t kGuardBytes = Tensors::kGuardBytes;
// What a destination holds before anything arrives, so that a row that never came is not right by chance.
constexpr int kPoison = 0xa5;

/// No constant: a stray copy of constant memory would hide in it.
std::byte guard_byte(std::uint64_t index) noexcept {
    return static_cast<std::byte>((index * 197 + 91) & 0xff);
}

void paint(std::byte* guard) {
    for (std::uint64_t i = 0; i < kGuardBytes; ++i) guard[i] = guard_byte(i);
}

std::optional<std::uint64_t> first_stain(const std::byte* guard) {
    for (std::uint64_t i = 0; i < kGuardBytes; ++i) {
        if (guard[i] != guard_byte(i)) return i;
    }
    return std::nullopt;
}

}  // namespace

Tensors::Tensors(const Layout& layout, std::uint64_t tokens) : tokens_(tokens) {
    for (const Segment& shape : layout.segments()) {
        Area area{shape, 0, nullptr};
        if (!shape.once_per_request) {
            area.bytes = shape.token_bytes * shape.planes * tokens;
            area.memory = std::make_unique_for_overwrite<std::byte[]>(area.bytes + 2 * kGuardBytes);
            paint(area.memory.get());
            std::memset(area.memory.get() + kGuardBytes, kPoison, area.bytes);
            paint(area.memory.get() + kGuardBytes + area.bytes);
        }
        areas_.push_back(std::move(area));
    }
}

std::vector<void*> Tensors::addresses() {
    std::vector<void*> result;
    for (Area& area : areas_) result.push_back(area.memory ? area.memory.get() + kGuardBytes : nullptr);
    return result;
}

std::span<std::byte> Tensors::area(std::size_t index) {
    Area& area = areas_.at(index);
    if (!area.memory) return {};
    return {area.memory.get(), area.bytes + 2 * kGuardBytes};
}

std::span<std::byte> Tensors::segment(std::size_t index) {
    Area& area = areas_.at(index);
    if (!area.memory) return {};
    return {area.memory.get() + kGuardBytes, area.bytes};
}

std::span<const std::byte> Tensors::segment(std::size_t index) const {
    const Area& area = areas_.at(index);
    if (!area.memory) return {};
    return {area.memory.get() + kGuardBytes, area.bytes};
}

std::uint64_t Tensors::row_offset(const Area& area, std::uint32_t plane, std::uint64_t token) const noexcept {
    return (plane * tokens_ + token) * area.shape.token_bytes;
}

std::span<const std::byte> Tensors::row(std::size_t index, std::uint32_t plane, std::uint64_t token) const {
    const Area& area = areas_.at(index);
    return segment(index).subspan(row_offset(area, plane, token), area.shape.token_bytes);
}

void Tensors::fill(const Payload& payload, std::uint64_t first, std::uint64_t end) {
    for (std::size_t i = 0; i < areas_.size(); ++i) {
        const Area& area = areas_[i];
        if (!area.memory) continue;
        for (std::uint32_t plane = 0; plane < area.shape.planes; ++plane) {
            for (std::uint64_t token = first; token < end; ++token) {
                const auto row = segment(i).subspan(row_offset(area, plane, token), area.shape.token_bytes);
                payload.fill({area.shape.kind, plane, token}, row);
            }
        }
    }
}

std::optional<std::string> Tensors::broken_guard() const {
    for (const Area& area : areas_) {
        if (!area.memory) continue;
        const std::string name(to_string(area.shape.kind));
        if (const auto at = first_stain(area.memory.get())) {
            return "stray write " + std::to_string(kGuardBytes - *at) + " bytes before " + name;
        }
        if (const auto at = first_stain(area.memory.get() + kGuardBytes + area.bytes)) {
            return "stray write " + std::to_string(*at) + " bytes after " + name;
        }
    }
    return std::nullopt;
}

}  // namespace remit::tools
