#pragma once

#include "case.hpp"
#include "host/pack.hpp"
#include "kernels/work.hpp"
#include "shim/grid.hpp"
#include "shim/kernels.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace remit::gpu::test {

/// How pieces reach the kernel. `fitting` takes the first that holds them.
enum class Way { small, large, list, fitting };

/// What stays between the launches of one slot.
struct Slot {
    alignas(kProgressStride) std::uint64_t word = 0;
    std::uint32_t ticket = 0;
    std::uint64_t sequence = 0;  ///< of the last launch
};

/// Runs kernels of one shape on the CPU and judges every launch.
template <class Shape>
class Emulator {
public:
    Emulator() : grid_(Shape::threads) {}

    /// One launch. Success: the host saw the sequence, and at that moment every byte was in place; each byte of a copy
    /// was written once and no other byte at all, nothing was read outside the copies' sources, nothing misaligned.
    [[nodiscard]] ::testing::AssertionResult run(Case& work, std::uint32_t budget, Way way = Way::fitting);

    [[nodiscard]] const shim::Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const Slot& slot() const noexcept { return slot_; }
    [[nodiscard]] std::uint32_t blocks() const noexcept { return blocks_; }

private:
    [[nodiscard]] BatchHeader header();
    [[nodiscard]] PackStatus prepare(const Case& work, Way way);
    [[nodiscard]] bool wait();

    shim::Grid grid_;
    Slot slot_;
    SmallBatch small_{};
    LargeBatch large_{};
    ListBatch list_{};
    std::vector<Piece> pieces_;
    std::function<void()> kernel_;
    std::uint32_t slots_ = 0;
    std::uint32_t blocks_ = 0;
    shim::Counters counters_;
};

extern template class Emulator<shim::SmallShape>;
extern template class Emulator<CopyShape>;

/// One emulator for all tests of a process, since it owns many threads.
[[nodiscard]] Emulator<shim::SmallShape>& small_blocks();
[[nodiscard]] Emulator<CopyShape>& real_blocks();

/// True in a build with the thread sanitizer, where a test may do less of the same.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

}  // namespace remit::gpu::test
