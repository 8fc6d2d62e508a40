#include "bench/work.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace remit::gpu::bench {
namespace {

constexpr std::uint64_t kBlockTokens = 128;

struct Piece {
    std::uint64_t block_side;
    std::uint64_t region_side;
    std::uint64_t bytes;
};

/// The pieces of a request of `tokens` tokens: embeddings, fill_ids, three planes of mrope, in whole or partial
/// blocks that lie in any order.
std::vector<Piece> pieces_of(std::uint64_t tokens, std::uint64_t token_bytes, std::mt19937_64& random) {
    std::vector<std::uint64_t> blocks((tokens + kBlockTokens - 1) / kBlockTokens);
    std::iota(blocks.begin(), blocks.end(), std::uint64_t{0});
    std::shuffle(blocks.begin(), blocks.end(), random);
    std::vector<Piece> pieces;
    std::uint64_t base = 0;
    std::uint64_t region = 0;
    const auto segment = [&](std::uint64_t planes, std::uint64_t bytes) {
        for (std::uint64_t b = 0; b < blocks.size(); ++b) {
            const std::uint64_t here = std::min(kBlockTokens, tokens - b * kBlockTokens) * bytes;
            for (std::uint64_t p = 0; p < planes; ++p) {
                pieces.push_back({base + (blocks[b] * planes + p) * kBlockTokens * bytes, region, here});
                region += here;
            }
        }
        base += blocks.size() * planes * kBlockTokens * bytes;
    };
    segment(1, token_bytes);
    segment(1, 4);
    segment(3, 4);
    return pieces;
}

}  // namespace

Work::Work(std::uint64_t bytes, std::uint64_t hidden, bool scatter, std::uint64_t l2_bytes) {
    std::mt19937_64 random(bytes + hidden);
    const std::uint64_t token_bytes = hidden * 2;
    const std::uint64_t tokens = std::max<std::uint64_t>(1, bytes / (token_bytes + 16));
    const std::uint64_t blocks = (tokens + kBlockTokens - 1) / kBlockTokens;
    bytes_ = tokens * (token_bytes + 16);
    stride_ = (blocks * kBlockTokens * (token_bytes + 16) + 511) / 512 * 512;
    const std::uint64_t batches = std::max<std::uint64_t>(2, 4 * l2_bytes / bytes_ + 1);
    source_ = std::make_unique<Buffer>(stride_ * batches);
    destination_ = std::make_unique<Buffer>(stride_ * batches);
    // Written once, so that no page is read that was never touched.
    check(cudaMemset(source_->data(), 1, stride_ * batches), "cudaMemset");
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    for (std::uint64_t i = 0; i < batches; ++i) {
        std::vector<memory::Copy> copies;
        for (const Piece& piece : pieces_of(tokens, token_bytes, random)) {
            const std::uint64_t from = scatter ? piece.region_side : piece.block_side;
            const std::uint64_t to = scatter ? piece.block_side : piece.region_side;
            copies.push_back(
                {source_->address() + i * stride_ + from, destination_->address() + i * stride_ + to, piece.bytes});
        }
        copies_.push_back(std::move(copies));
    }
}

}  // namespace remit::gpu::bench
