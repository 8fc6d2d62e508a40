#include "tools/payload/verify.hpp"

#include <cstdio>

namespace remit::tools {
namespace {

std::string hex(std::byte value) {
    char text[8];
    std::snprintf(text, sizeof text, "0x%02x", static_cast<unsigned>(value));
    return text;
}

std::string describe(const Payload& payload, const RowPlace& place, std::span<const std::byte> row, std::uint64_t at) {
    return std::string(to_string(place.kind)) + ", plane " + std::to_string(place.plane) + ", token " +
           std::to_string(place.token) + ", byte " + std::to_string(at) + ": " + hex(row[at]) + " instead of " +
           hex(payload.byte_at(place, row.size(), at));
}

}  // namespace

std::optional<std::string> find_wrong_row(const Layout& layout, const Payload& payload, const RowReader& read) {
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        const Segment& segment = layout.segments()[i];
        if (segment.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t token = 0; token < payload.tokens(); ++token) {
                const RowPlace place{segment.kind, plane, token};
                const std::span<const std::byte> row = read(i, plane, token);
                if (const auto at = payload.first_wrong(place, row)) return describe(payload, place, row, *at);
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string> find_wrong_aux(const Payload& payload, const Aux& arrived) {
    const Aux expected = payload.aux();
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (arrived[i] == expected[i]) continue;
        return "aux_datas[" + std::to_string(i) + "]: " + std::to_string(arrived[i]) + " instead of " +
               std::to_string(expected[i]);
    }
    return std::nullopt;
}

}  // namespace remit::tools
