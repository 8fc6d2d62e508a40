#pragma once

#include <remit/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/payload/payload.hpp"

namespace remit::tools {

/// Contiguous tensors of one request, one a segment, each between two guard areas that show a stray write.
class Tensors {
public:
    static constexpr std::uint64_t kGuardBytes = 4096;  ///< of each guard area

    Tensors(const Layout& layout, std::uint64_t tokens);

    [[nodiscard]] std::uint64_t tokens() const noexcept { return tokens_; }
    /// Start of each segment's tensor; null for a segment that comes once per request.
    [[nodiscard]] std::vector<void*> addresses();
    [[nodiscard]] std::size_t segments() const noexcept { return areas_.size(); }
    [[nodiscard]] std::uint32_t planes(std::size_t index) const { return areas_.at(index).shape.planes; }
    /// A segment's tensor with both its guards; empty for a segment that comes once per request.
    [[nodiscard]] std::span<std::byte> area(std::size_t index);
    [[nodiscard]] std::span<std::byte> segment(std::size_t index);
    [[nodiscard]] std::span<const std::byte> segment(std::size_t index) const;
    [[nodiscard]] std::span<const std::byte> row(std::size_t segment, std::uint32_t plane, std::uint64_t token) const;
    void fill(const Payload& payload) { fill(payload, 0, tokens_); }
    /// Tokens [first, end) of every segment.
    void fill(const Payload& payload, std::uint64_t first, std::uint64_t end);
    /// Says where a guard area was written to; nothing where none was.
    [[nodiscard]] std::optional<std::string> broken_guard() const;

private:
    struct Area {
        Segment shape;
        std::uint64_t bytes = 0;
        std::unique_ptr<std::byte[]> memory;
    };
    [[nodiscard]] std::uint64_t row_offset(const Area& area, std::uint32_t plane, std::uint64_t token) const noexcept;

    std::uint64_t tokens_;
    std::vector<Area> areas_;
};

}  // namespace remit::tools
