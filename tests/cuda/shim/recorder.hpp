#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace remit::gpu::shim {

enum class Access : std::uint32_t { wide, funnel, eight, four, two, one, count };

/// What one thread of the grid did. Summed after the grid has ended.
struct Counters {
    std::uint64_t loaded[static_cast<std::size_t>(Access::count)] = {};  ///< bytes
    std::uint64_t stored = 0;                                            ///< bytes
    std::uint64_t stored_wide = 0;                                       ///< bytes in stores of 16
    std::uint64_t misaligned = 0;
    std::uint64_t reads_outside = 0;
    std::uint64_t writes_outside = 0;
    std::uint64_t tickets = 0;
    std::uint64_t publishes = 0;
    std::map<std::uint32_t, std::uint64_t> stored_by_block;  ///< bytes

    [[nodiscard]] std::uint64_t bytes(Access access) const { return loaded[static_cast<std::size_t>(access)]; }
    void add(const Counters& other);
};

/// What a launch may touch, and how often it wrote each byte. The counts are relaxed atomics: they order nothing, so
/// that a missing barrier of the kernel stays visible to the thread sanitizer.
class Recorder {
public:
    Recorder(std::uint64_t destination, std::uint64_t bytes);

    /// Ranges may overlap and come in any order.
    void allow_reads(std::uint64_t begin, std::uint64_t end);
    [[nodiscard]] bool readable(std::uint64_t address, std::uint64_t bytes) const;
    /// False where a byte lies outside the destination.
    [[nodiscard]] bool count_write(std::uint64_t address, std::uint64_t bytes);
    [[nodiscard]] std::uint32_t writes(std::uint64_t offset) const;

private:
    std::uint64_t destination_;
    std::uint64_t bytes_;
    std::unique_ptr<std::atomic<std::uint8_t>[]> writes_;
    std::map<std::uint64_t, std::uint64_t> readable_;  ///< begin to end, merged
};

/// Binds the calling thread's accesses to a recorder and counters.
void bind(Recorder* recorder, Counters* counters);

/// Counts an access; false where it must not be made: on a GPU it would fault or spoil memory.
[[nodiscard]] bool may_read(std::uint64_t address, std::uint64_t bytes, Access access);
[[nodiscard]] bool may_write(std::uint64_t address, std::uint64_t bytes);
void count_ticket();
void count_publish();

}  // namespace remit::gpu::shim
