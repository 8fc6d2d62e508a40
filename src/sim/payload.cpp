#include "sim/payload.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::sim {
namespace {

std::uint8_t byte_of(std::uint64_t row, std::uint64_t index) {
    std::uint64_t value = (row + index) * 0x9e3779b97f4a7c15u;
    value ^= value >> 29;
    return static_cast<std::uint8_t>(value * 0xbf58476d1ce4e5b9u >> 56);
}

std::uint64_t row_of(std::uint64_t send, std::size_t segment, std::uint32_t plane, std::uint64_t token) {
    return ((send * 8 + segment) * 4 + plane) * 4096 * 256 + token * 256;
}

/// Calls visit(row bytes, length, row number, segment, plane, token) for every row but the aux.
template <class Visit>
void visit_rows(Memory& memory, const Layout& layout, const BlockMap& map, std::span<const BlockId> table,
                std::uint64_t send, std::uint64_t total, Visit&& visit) {
    for (std::size_t segment = 0; segment < layout.segments().size(); ++segment) {
        const Segment& shape = layout.segments()[segment];
        if (shape.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < shape.planes; ++plane) {
            for (std::uint64_t token = 0; token < total; ++token) {
                const std::uint64_t address = map.address(segment, table[token / map.block_size], plane,
                                                          token % map.block_size, shape.token_bytes);
                visit(memory.at(address, shape.token_bytes), shape, row_of(send, segment, plane, token), plane, token);
            }
        }
    }
}

}  // namespace

Aux aux_of(std::uint64_t send, std::uint64_t total) {
    Aux aux{};
    aux[0] = static_cast<std::int32_t>(total);
    aux[1] = static_cast<std::int32_t>(send);
    for (std::size_t i = 2; i < aux.size(); ++i) aux[i] = static_cast<std::int32_t>(send * 1000 + i);
    return aux;
}

void fill_source(Memory& memory, const Layout& layout, const BlockMap& map, std::span<const BlockId> table,
                 std::uint64_t send, std::uint64_t total) {
    visit_rows(memory, layout, map, table, send, total,
               [](std::uint8_t* bytes, const Segment& shape, std::uint64_t row, std::uint32_t, std::uint64_t) {
                   for (std::uint64_t i = 0; i < shape.token_bytes; ++i) bytes[i] = byte_of(row, i);
               });
}

void spoil_source(Memory& memory, const Layout& layout, const BlockMap& map, std::span<const BlockId> table,
                  std::uint64_t total) {
    visit_rows(memory, layout, map, table, 0, total,
               [](std::uint8_t* bytes, const Segment& shape, std::uint64_t, std::uint32_t, std::uint64_t) {
                   for (std::uint64_t i = 0; i < shape.token_bytes; ++i) bytes[i] = 0xdd;
               });
}

std::string differs(Memory& memory, const Layout& layout, const BlockMap& map, std::span<const BlockId> table,
                    std::uint64_t send, std::uint64_t total) {
    std::string fault;
    visit_rows(memory, layout, map, table, send, total,
               [&](const std::uint8_t* bytes, const Segment& shape, std::uint64_t row, std::uint32_t plane,
                   std::uint64_t token) {
                   for (std::uint64_t i = 0; i < shape.token_bytes && fault.empty(); ++i) {
                       if (bytes[i] == byte_of(row, i)) continue;
                       fault = fmt::format("{} plane {} token {} byte {}", to_string(shape.kind), plane, token, i);
                   }
               });
    return fault;
}

}  // namespace remit::sim
