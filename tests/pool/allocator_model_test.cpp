#include "pool/allocator.hpp"

#include <remit/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace remit::pool {
namespace {

using State = BlockAllocator::State;

/// The allocator as a plain array of states, and a walk that does the same to both.
class Walk {
public:
    Walk(std::uint32_t blocks, std::uint64_t seed) : allocator_(blocks), model_(blocks), random_(seed) {}

    void step() {
        switch (below(8)) {
            case 0:
            case 1:
            case 2: return allocate();
            case 3:
            case 4: return free_table();
            case 5: return free_single();
            case 6: return quarantine();
            default: return misuse();
        }
    }

    void compare() {
        std::uint32_t free = 0;
        std::uint32_t quarantined = 0;
        for (BlockId block = 0; block < model_.size(); ++block) {
            ASSERT_EQ(allocator_.state(block), model_[block].state) << "block " << block;
            free += model_[block].state == State::free;
            quarantined += model_[block].state == State::quarantined;
        }
        ASSERT_EQ(allocator_.free_blocks(), free);
        ASSERT_EQ(allocator_.quarantined_blocks(), quarantined);
        const auto leaks = allocator_.leaks();
        ASSERT_EQ(leaks.size(), model_.size() - free);
        for (const auto& leak : leaks) ASSERT_EQ(leak.owner, model_[leak.block].owner);
    }

    /// After all is freed, the pool is one run again.
    void drain() {
        for (auto& [owner, table] : tables_) free_blocks(table);
        tables_.clear();
        compare();
        BlockTable all;
        ASSERT_TRUE(allocator_.allocate(allocator_.blocks(), 1, all));
        ASSERT_TRUE(std::is_sorted(all.begin(), all.end())) << "the free runs did not merge";
    }

private:
    struct Block {
        State state = State::free;
        std::uint64_t owner = 0;
    };

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    [[nodiscard]] std::uint32_t longest_run() const {
        std::uint32_t longest = 0;
        std::uint32_t run = 0;
        for (const Block& block : model_) {
            run = block.state == State::free ? run + 1 : 0;
            longest = std::max(longest, run);
        }
        return longest;
    }

    void allocate() {
        const auto count = static_cast<std::uint32_t>(below(below(4) == 0 ? model_.size() + 2 : 9));
        const std::uint32_t free = allocator_.free_blocks();
        const std::uint32_t longest = longest_run();
        const std::uint64_t owner = ++last_owner_;
        BlockTable table;
        ASSERT_EQ(allocator_.allocate(count, owner, table), count <= free);
        if (count > free) {
            ASSERT_TRUE(table.empty());
            return;
        }
        ASSERT_EQ(table.size(), count);
        // A run of twice the length is in a higher size class, so that it cannot be missed.
        if (count > 0 && longest >= 2 * count) {
            ASSERT_EQ(table.back() - table.front(), count - 1) << "a long enough run of neighbours was free";
        }
        for (const BlockId block : table) {
            ASSERT_LT(block, model_.size());
            ASSERT_EQ(model_[block].state, State::free) << "block " << block << " was handed out twice";
            model_[block] = {State::allocated, owner};
        }
        if (count > 0) tables_[owner] = std::move(table);
    }

    void free_blocks(const BlockTable& table) {
        allocator_.free(table);
        for (const BlockId block : table) model_[block].state = State::free;
    }

    auto any_table() { return std::next(tables_.begin(), static_cast<std::ptrdiff_t>(below(tables_.size()))); }

    void free_table() {
        if (tables_.empty()) return;
        const auto chosen = any_table();
        std::shuffle(chosen->second.begin(), chosen->second.end(), random_);
        free_blocks(chosen->second);
        tables_.erase(chosen);
    }

    void free_single() {
        if (tables_.empty()) return;
        const auto chosen = any_table();
        const BlockTable one{chosen->second.back()};
        chosen->second.pop_back();
        free_blocks(one);
        if (chosen->second.empty()) tables_.erase(chosen);
    }

    void quarantine() {
        if (tables_.empty()) return;
        const BlockTable& table = any_table()->second;
        allocator_.quarantine(table);
        for (const BlockId block : table) model_[block].state = State::quarantined;
    }

    void misuse() {
        if (tables_.empty()) return;
        BlockTable bad = any_table()->second;
        if (below(2) == 0) {
            bad.push_back(bad[below(bad.size())]);
        } else {
            const auto block = static_cast<BlockId>(below(model_.size() + 3));
            if (block < model_.size() && model_[block].state != State::free) return;
            bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(below(bad.size() + 1)), block);
        }
        ASSERT_THROW(allocator_.free(bad), Error);
    }

    BlockAllocator allocator_;
    std::vector<Block> model_;
    std::map<std::uint64_t, BlockTable> tables_;
    std::uint64_t last_owner_ = 0;
    std::mt19937_64 random_;
};

class AllocatorModel : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(AllocatorModel, AgreesWithAnArrayOfStatesOverManyRandomSteps) {
    Walk walk(GetParam(), 20240 + GetParam());
    for (int step = 0; step < 25'000; ++step) {
        walk.step();
        if (step % 16 == 0) walk.compare();
        if (HasFatalFailure()) FAIL() << "at step " << step;
    }
    walk.drain();
}

INSTANTIATE_TEST_SUITE_P(PoolSizes, AllocatorModel, ::testing::Values(1u, 2u, 17u, 64u, 257u, 1000u),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace remit::pool
