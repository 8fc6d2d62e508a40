#pragma once

#include <remit/export.hpp>
#include <remit/types.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace remit {

/// The kinds of data of a block. The numbers are their order on the wire.
enum class SegmentKind : std::uint8_t {
    embeddings = 0,
    fill_ids = 1,
    mrope_positions = 2,
    aux_datas = 3,
    deepstack_embeddings = 4,
};

[[nodiscard]] REMIT_API std::string_view to_string(SegmentKind kind) noexcept;

/// int32 values of `aux_datas`: [0] total length in tokens, [1] mrope delta, the rest is the caller's.
inline constexpr std::uint32_t kAuxItems = 16;
using Aux = std::array<std::int32_t, kAuxItems>;

/// One segment's shape: `planes` planes of one row a token, each row `token_bytes` long.
/// A segment that comes once per request (aux) has a single row a block, written with token 0 only.
struct REMIT_API Segment {
    SegmentKind kind{};
    DType dtype{};
    std::uint32_t planes = 1;
    std::uint64_t token_bytes = 0;
    bool once_per_request = false;

    /// Rows of one plane that a block of `block_size` tokens holds.
    [[nodiscard]] std::uint64_t rows(std::uint64_t block_size) const noexcept {
        return once_per_request ? 1 : block_size;
    }
    /// Bytes of one block of this segment.
    [[nodiscard]] std::uint64_t block_bytes(std::uint64_t block_size) const noexcept {
        return rows(block_size) * token_bytes * planes;
    }
};

/// How the blocks of a pool lie in memory.
enum class Arrangement : std::uint8_t {
    segments,  ///< one array a segment, block after block
    slab,      ///< all segments of a block side by side, slab after slab
};

[[nodiscard]] REMIT_API std::string_view to_string(Arrangement arrangement) noexcept;
[[nodiscard]] REMIT_API std::optional<Arrangement> arrangement_from(std::string_view name) noexcept;

/// The segments of a block and their shapes; a value type.
class REMIT_API Layout {
public:
    struct Shape {
        std::uint32_t block_size = 128;  ///< tokens a block, 1 … 65536
        std::uint32_t hidden = 4096;     ///< elements of one embedding, 1 … 1048576
        DType dtype = DType::bf16;       ///< of the embeddings and deepstack segments, not int32
        std::uint32_t deepstack = 0;     ///< D: deepstack layers, 0 … 64; 0 leaves the segment out
        Arrangement arrangement = Arrangement::segments;
        bool operator==(const Shape&) const = default;
    };

    /// Embeddings, fill_ids, mrope_positions, aux_datas and, where deepstack > 0, deepstack_embeddings.
    /// @throws Error(bad_argument) naming the field, its value and the permitted range.
    static Layout multimodal(const Shape& shape);

    [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
    [[nodiscard]] std::uint32_t block_size() const noexcept { return shape_.block_size; }
    [[nodiscard]] const std::vector<Segment>& segments() const noexcept { return segments_; }

    /// Bytes of one block, all segments together, without padding.
    [[nodiscard]] std::uint64_t block_bytes() const noexcept;
    /// Payload bytes of `tokens` tokens: every segment's rows plus one aux.
    [[nodiscard]] std::uint64_t payload_bytes(std::uint64_t tokens) const noexcept;
    /// Blocks that hold `tokens` tokens.
    [[nodiscard]] std::uint64_t blocks_for(std::uint64_t tokens) const noexcept {
        return tokens / shape_.block_size + (tokens % shape_.block_size != 0 ? 1 : 0);
    }

private:
    Layout() = default;
    Shape shape_;
    std::vector<Segment> segments_;
};

/// Bytes that `blocks` blocks of `layout` take, alignment included. @throws Error(bad_argument) past 64 bits.
[[nodiscard]] REMIT_API std::uint64_t pool_bytes(const Layout& layout, std::uint32_t blocks);

}  // namespace remit
