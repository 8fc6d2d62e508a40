#pragma once

#include "bench/device.hpp"
#include "memory/copy.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace remit::gpu::bench {

/// How the blocks of a pool lie.
enum class Layout {
    segments,   ///< an array for each of embeddings, fill_ids and mrope positions
    slab,       ///< all that a block has side by side
    deepstack,  ///< arrays, and one more of three times the embeddings
};
/// "segments", "slab", "deepstack".
[[nodiscard]] std::string_view to_string(Layout layout) noexcept;

struct WorkShape {
    std::uint64_t bytes = 0;   ///< about as many in a batch
    std::uint64_t hidden = 0;  ///< two bytes each
    bool scatter = false;      ///< the mirror of a gather
    Layout layout = Layout::segments;
    Place source = Place::device;
    Place destination = Place::device;
};

/// Batches that each move about the same bytes between memory of their own, more than four times the L2 in all, so
/// that no batch finds its bytes in the cache. Blocks of 128 tokens as a pool holds them; a gather reads the pieces
/// of shuffled blocks and writes one region, a scatter is its mirror.
class Work {
public:
    Work(const WorkShape& shape, std::uint64_t l2_bytes);

    [[nodiscard]] std::size_t batches() const { return copies_.size(); }
    [[nodiscard]] const std::vector<memory::Copy>& copies(std::uint64_t step) const {
        return copies_[step % copies_.size()];
    }
    /// Start of a batch's memory on either side: for one plain copy of the same bytes.
    [[nodiscard]] std::uint64_t source(std::uint64_t step) const { return source_->address() + offset(step); }
    [[nodiscard]] std::uint64_t destination(std::uint64_t step) const { return destination_->address() + offset(step); }
    /// Of one batch.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    [[nodiscard]] std::uint64_t offset(std::uint64_t step) const { return step % copies_.size() * stride_; }

    std::uint64_t bytes_ = 0;
    std::uint64_t stride_ = 0;
    std::unique_ptr<Buffer> source_;
    std::unique_ptr<Buffer> destination_;
    std::vector<std::vector<memory::Copy>> copies_;  ///< destinations are absolute
};

}  // namespace remit::gpu::bench
