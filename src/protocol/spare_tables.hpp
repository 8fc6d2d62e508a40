#pragma once

#include <remit/types.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace remit::protocol {

/// Block tables that are used again with the memory that they have grown: no heap in steady state. A burst's memory is not
/// kept for ever. Owned by one thread.
class SpareTables {
public:
    /// An empty one.
    [[nodiscard]] BlockTable take() {
        if (spares_.empty()) return {};
        BlockTable table = std::move(spares_.back());
        spares_.pop_back();
        blocks_ -= table.capacity();
        return table;
    }
    [[nodiscard]] BlockTable copy_of(std::span<const BlockId> blocks) {
        if (blocks.empty()) return {};
        BlockTable table = take();
        table.assign(blocks.begin(), blocks.end());
        return table;
    }
    /// Takes the table's memory; the table is empty then.
    void give(BlockTable& table) {
        BlockTable gone;
        gone.swap(table);
        if (gone.capacity() == 0 || spares_.size() >= kMostTables || blocks_ + gone.capacity() > kMostBlocks) return;
        gone.clear();
        blocks_ += gone.capacity();
        spares_.push_back(std::move(gone));
    }

private:
    static constexpr std::size_t kMostTables = 1024;
    static constexpr std::size_t kMostBlocks = 64u << 10;  ///< that all of them have room for

    std::vector<BlockTable> spares_;
    std::size_t blocks_ = 0;
};

}  // namespace remit::protocol
