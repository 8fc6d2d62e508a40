#include "bench/work.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace remit::gpu::bench {
namespace {

constexpr std::uint64_t kBlockTokens = 128;
constexpr std::uint64_t kDeepstackLayers = 3;
constexpr std::uint64_t kFewestBatches = 2;

/// What a block has of one segment.
struct Segment {
    std::uint64_t planes;
    std::uint64_t token_bytes;
    [[nodiscard]] std::uint64_t block_bytes() const { return planes * kBlockTokens * token_bytes; }
};

struct Piece {
    std::uint64_t block_side;
    std::uint64_t region_side;
    std::uint64_t bytes;
};

std::vector<Segment> segments_of(const WorkShape& shape) {
    std::vector<Segment> segments = {{1, shape.hidden * 2}, {1, 4}, {3, 4}};
    if (shape.layout == Layout::deepstack) segments.push_back({1, shape.hidden * 2 * kDeepstackLayers});
    return segments;
}

std::uint64_t token_bytes(const std::vector<Segment>& segments) {
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments) bytes += segment.planes * segment.token_bytes;
    return bytes;
}

constexpr std::uint64_t kAccess = 16;

std::uint64_t align(std::uint64_t offset) {
    return (offset + kAccess - 1) / kAccess * kAccess;
}

/// The pieces of a request of `tokens` tokens in whole or partial blocks that lie in any order. The region side is as in a
/// worker: a send region has each piece where it lies to 16 bytes as in its block (see plan::plan_round()); of a
/// receiver's tensors each begins at a multiple of 16, and the planes of one follow each other.
std::vector<Piece> pieces_of(const std::vector<Segment>& segments, bool slab, bool scatter, std::uint64_t tokens,
                             std::mt19937_64& random) {
    std::vector<std::uint64_t> blocks((tokens + kBlockTokens - 1) / kBlockTokens);
    std::iota(blocks.begin(), blocks.end(), std::uint64_t{0});
    std::shuffle(blocks.begin(), blocks.end(), random);
    const std::uint64_t slab_bytes = kBlockTokens * token_bytes(segments);
    std::vector<Piece> pieces;
    std::uint64_t base = 0;
    std::uint64_t region = 0;
    for (const Segment& segment : segments) {
        const std::uint64_t stride = slab ? slab_bytes : segment.block_bytes();
        region = align(region);
        for (std::uint64_t b = 0; b < blocks.size(); ++b) {
            const std::uint64_t here = std::min(kBlockTokens, tokens - b * kBlockTokens) * segment.token_bytes;
            for (std::uint64_t plane = 0; plane < segment.planes; ++plane) {
                const std::uint64_t in_block = plane * kBlockTokens * segment.token_bytes;
                const std::uint64_t in_tensor = (plane * tokens + b * kBlockTokens) * segment.token_bytes;
                pieces.push_back({base + blocks[b] * stride + in_block, scatter ? region + in_tensor : region, here});
                if (!scatter) region = align(region + here);
            }
        }
        if (scatter) region += segment.planes * tokens * segment.token_bytes;
        base += slab ? segment.block_bytes() : blocks.size() * segment.block_bytes();
    }
    return pieces;
}

}  // namespace

std::string_view to_string(Layout layout) noexcept {
    switch (layout) {
        case Layout::segments: return "segments";
        case Layout::slab: return "slab";
        case Layout::deepstack: return "deepstack";
    }
    return "?";
}

Work::Work(const WorkShape& shape, std::uint64_t l2_bytes) {
    std::mt19937_64 random(shape.bytes + shape.hidden);
    const std::vector<Segment> segments = segments_of(shape);
    const std::uint64_t each = token_bytes(segments);
    const std::uint64_t tokens = std::max<std::uint64_t>(1, shape.bytes / each);
    const std::uint64_t blocks = (tokens + kBlockTokens - 1) / kBlockTokens;
    bytes_ = tokens * each;
    const std::uint64_t pads = blocks * segments.size() * 3 * kAccess;  // 3: planes, at most
    stride_ = (blocks * kBlockTokens * each + pads + 511) / 512 * 512;
    const std::uint64_t batches = std::max(kFewestBatches, 4 * l2_bytes / bytes_ + 1);
    source_ = std::make_unique<Buffer>(stride_ * batches, shape.source);
    destination_ = std::make_unique<Buffer>(stride_ * batches, shape.destination);
    // Written once, so that no page is read that was never touched.
    check(cudaMemset(source_->data(), 1, stride_ * batches), "cudaMemset");
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    for (std::uint64_t i = 0; i < batches; ++i) {
        std::vector<memory::Copy> copies;
        for (const Piece& piece : pieces_of(segments, shape.layout == Layout::slab, shape.scatter, tokens, random)) {
            const std::uint64_t from = shape.scatter ? piece.region_side : piece.block_side;
            const std::uint64_t to = shape.scatter ? piece.block_side : piece.region_side;
            copies.push_back(
                {source_->address() + i * stride_ + from, destination_->address() + i * stride_ + to, piece.bytes});
        }
        copies_.push_back(std::move(copies));
    }
}

}  // namespace remit::gpu::bench
