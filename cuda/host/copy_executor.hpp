#pragma once

#include "base/fifo.hpp"
#include "host/launcher.hpp"
#include "host/stream_point.hpp"
#include "memory/copy.hpp"
#include "memory/provider.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace remit::gpu {

struct ExecutorSettings {
    LauncherOptions launcher;
    std::uint32_t slots = 8;              ///< launches under way at once, 1 at least
    std::uint32_t list_capacity = 16384;  ///< pieces of a launch beyond what the kernel's parameters hold
    bool engines = false;  ///< copies cross PCIe: large ones go by the copy engines, where driver and toolkit let them
    bool sums = false;                    ///< checksums will be asked for: memory for them is taken
    std::uint64_t launch_bytes = std::uint64_t{1}
                                 << 30;  ///< of one launch; a multiple of 16, below the 4 GiB of its format
    /// A launch that has not counted for that long is asked about, that often. The context of a GPU that went away
    /// never counts.
    std::chrono::nanoseconds late_after = std::chrono::milliseconds(5);
    std::chrono::nanoseconds query_period = std::chrono::milliseconds(1);
};

/// What an executor that is asked for so has. The default budget is for each NIC: a kernel that feeds two has twice the
/// bytes to copy in the same time.
[[nodiscard]] ExecutorSettings executor_settings(std::shared_ptr<const PrimaryContext> context,
                                                 const memory::ExecutorOptions& options);

/// Batches of copies, and checksums, on a GPU: a launch each, whose end is a word in host memory. No call of CUDA tells that a launch
/// is done unless it is late, no memory is taken and nothing is waited for after create(); but for batches that are
/// larger than a launch, or find no free slot: their copies are kept until one is.
class GpuCopyExecutor final : public memory::CopyExecutor {
public:
    /// From any thread, whose context stays current. On an error `executor` is untouched and `call` names what failed.
    [[nodiscard]] static cudaError_t create(const ExecutorSettings& settings,
                                            std::unique_ptr<GpuCopyExecutor>& executor, const char*& call);
    /// Waits for what runs, which reads and writes memory that may go next.
    ~GpuCopyExecutor() override;

    void bind() override;
    memory::Ticket submit(std::span<const memory::Copy> copies, std::uint64_t destination_base) override;
    [[nodiscard]] bool done(memory::Ticket ticket) override;
    /// Launches of their own, in the order of the tickets. Only where the settings say so.
    memory::Ticket reckon(std::span<const memory::Stretch> stretches, std::size_t sums) override;
    [[nodiscard]] std::vector<std::uint32_t> take_sums(memory::Ticket ticket) override { return sums_.take(ticket); }
    [[nodiscard]] std::string_view means() const noexcept override { return launcher_->engines() ? "engines" : "kernel"; }
    [[nodiscard]] std::string failure() const override { return failure_; }
    [[nodiscard]] bool late() const override { return late_; }
    [[nodiscard]] bool launched(memory::Ticket ticket) override;
    [[nodiscard]] std::shared_ptr<memory::StreamPoint> mark() override;

private:
    /// What one launch moves, or sums, of a batch that had to be kept.
    struct Part {
        std::vector<memory::Copy> copies;
        std::uint64_t base = 0;
        std::vector<SumLot> lots{};
        memory::Ticket ticket = 0;  ///< of the sums
    };
    struct Batch {
        memory::Ticket ticket = 0;
        std::uint64_t last_launch = 0;
    };

    explicit GpuCopyExecutor(const ExecutorSettings& settings) : settings_(settings) {}
    [[nodiscard]] bool fits_a_launch(std::span<const memory::Copy> copies) const;
    void keep(std::span<const memory::Copy> copies, std::uint64_t destination_base);
    [[nodiscard]] bool has_free_slot() const { return launched_ - done_launches_ < settings_.slots; }
    void launch(std::span<const memory::Copy> copies, std::uint64_t destination_base);
    void launch_sums(Part part);
    void advance();
    void ask();
    [[nodiscard]] bool all_ended();
    void fail(const char* call, cudaError_t status);
    void fail(const std::string& text);

    ExecutorSettings settings_;
    std::uint64_t piece_limit_ = 0;
    LaunchSlots slots_;
    Sums sums_;
    std::unique_ptr<CopyLauncher> launcher_;  ///< its stream goes before the slots that launches write
    std::shared_ptr<EventPool> events_;
    std::shared_ptr<EventPoint> asked_;  ///< behind the oldest launch, where that is late
    std::deque<Part> kept_;
    Fifo<Batch> batches_;         ///< not known to be done
    std::uint64_t launched_ = 0;  ///< launches are numbered from 1; launch n uses slot n % slots
    std::uint64_t planned_ = 0;   ///< launched_ and those kept
    std::uint64_t done_launches_ = 0;
    memory::Ticket last_ticket_ = 0;
    memory::Ticket done_ticket_ = 0;
    std::string failure_;
    bool settled_ = false;  ///< after a failure: nothing runs any more
    bool late_ = false;
    std::chrono::steady_clock::time_point progressed_{};  ///< when the oldest launch became the oldest
    std::chrono::steady_clock::time_point next_question_{};
};

}  // namespace remit::gpu
