#pragma once

#include <remit/export.hpp>
#include <remit/layout.hpp>
#include <remit/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace remit {

/// The registered blocks of an embedding worker, from which its user takes source blocks.
/// Thread-safe. The pool belongs to its worker: do not use it after the worker is gone.
class REMIT_API SourcePool {
public:
    virtual ~SourcePool() = default;

    [[nodiscard]] virtual const Layout& layout() const noexcept = 0;
    [[nodiscard]] virtual std::uint32_t blocks() const noexcept = 0;
    [[nodiscard]] virtual std::uint32_t free_blocks() const = 0;

    /// Blocks for `tokens` tokens, neighbours where there are some. The caller owns them until free().
    /// @throws Error(exhausted) naming the blocks wanted and free.
    virtual BlockTable allocate(std::uint64_t tokens) = 0;
    /// Gives blocks back. A block that a send still reads must not be freed: wait for the send's end.
    /// @throws Error(misuse) on a double free or a block of another pool; nothing is freed then.
    virtual void free(const BlockTable& table) = 0;

    /// Address of one token's row, memory of the GPU with MemoryOptions of kind cuda: `segment` is an index into layout().segments(), `plane` < its planes.
    /// @throws Error(bad_argument) where an index is out of range.
    [[nodiscard]] virtual std::byte* row(std::size_t segment, BlockId block, std::uint32_t plane,
                                         std::uint64_t token) = 0;
};

}  // namespace remit
