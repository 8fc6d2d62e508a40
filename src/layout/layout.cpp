#include <remit/error.hpp>
#include <remit/layout.hpp>

#include <spdlog/fmt/fmt.h>

namespace remit {
namespace {

constexpr std::uint32_t kMaxBlockSize = 65536;
constexpr std::uint32_t kMaxHidden = 1u << 20;
constexpr std::uint32_t kMaxDeepstack = 64;

void require_range(std::string_view field, std::uint32_t value, std::uint32_t low, std::uint32_t high) {
    if (value >= low && value <= high) return;
    throw Error(ErrorKind::bad_argument, fmt::format("{} is {}; permitted: {} to {}", field, value, low, high));
}

void validate(const Layout::Shape& shape) {
    require_range("block size", shape.block_size, 1, kMaxBlockSize);
    require_range("hidden", shape.hidden, 1, kMaxHidden);
    require_range("deepstack", shape.deepstack, 0, kMaxDeepstack);
    if (shape.dtype == DType::int32) {
        throw Error(ErrorKind::bad_argument, "dtype is int32; permitted for embeddings: bf16, fp16, fp32, fp8");
    }
}

}  // namespace

std::string_view to_string(SegmentKind kind) noexcept {
    constexpr std::array<std::string_view, 5> names{"embeddings", "fill_ids", "mrope_positions", "aux_datas",
                                                    "deepstack_embeddings"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(Arrangement arrangement) noexcept {
    return arrangement == Arrangement::slab ? "slab" : "segments";
}

std::optional<Arrangement> arrangement_from(std::string_view name) noexcept {
    if (name == "segments") return Arrangement::segments;
    if (name == "slab") return Arrangement::slab;
    return std::nullopt;
}

Layout Layout::multimodal(const Shape& shape) {
    validate(shape);
    const std::uint64_t row = std::uint64_t{shape.hidden} * dtype_bytes(shape.dtype);
    Layout layout;
    layout.shape_ = shape;
    layout.segments_ = {
        {SegmentKind::embeddings, shape.dtype, 1, row, false},
        {SegmentKind::fill_ids, DType::int32, 1, 4, false},
        {SegmentKind::mrope_positions, DType::int32, 3, 4, false},
        {SegmentKind::aux_datas, DType::int32, 1, sizeof(Aux), true},
    };
    if (shape.deepstack > 0) {
        layout.segments_.push_back({SegmentKind::deepstack_embeddings, shape.dtype, 1, row * shape.deepstack, false});
    }
    return layout;
}

std::uint64_t Layout::block_bytes() const noexcept {
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments_) bytes += segment.block_bytes(shape_.block_size);
    return bytes;
}

std::uint64_t Layout::payload_bytes(std::uint64_t tokens) const noexcept {
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments_) bytes += segment.block_bytes(tokens);
    return bytes;
}

}  // namespace remit
