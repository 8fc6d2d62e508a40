#pragma once

#include "memory/streams.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace remit::memory {

/// One piece of a gather or a scatter. `destination` is relative to the base given to submit();
/// a source of 0 stands for zeros.
struct Copy {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;
    bool operator==(const Copy&) const = default;
};

/// Bytes that count for one of several checksums; those of one checksum stand in the order in which they count.
struct Stretch {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint32_t sum = 0;  ///< which checksum
};

/// Identifies a submitted batch; batches of one executor end in the order of their tickets.
using Ticket = std::uint64_t;

/// Runs batches of copies, and reckons CRC32C where the bytes lie. Owned by one thread. The memory must stay valid until
/// the batch is done.
class CopyExecutor {
public:
    virtual ~CopyExecutor() = default;
    /// Called once by the thread that owns the executor from then on, before anything else.
    virtual void bind() {}
    /// Starts a batch; the copies may be forgotten when it returns.
    virtual Ticket submit(std::span<const Copy> copies, std::uint64_t destination_base) = 0;
    /// Nothing is read or written for the batch any more; it has been copied unless failure() says something.
    [[nodiscard]] virtual bool done(Ticket ticket) = 0;

    /// Starts to reckon `sums` checksums; the stretches may be forgotten when it returns.
    virtual Ticket reckon(std::span<const Stretch> stretches, std::size_t sums) = 0;
    /// Of a batch that reckon() started and that is done; once. Without meaning where failure() says something.
    [[nodiscard]] virtual std::vector<std::uint32_t> take_sums(Ticket ticket) = 0;

    /// What copies: "cpu", "kernel", or "engines": copy engines, and a kernel for small pieces. Any thread.
    [[nodiscard]] virtual std::string_view means() const noexcept { return "cpu"; }

    // What follows is for executors whose batches go on after submit().

    /// Why no batch can be trusted to be copied any more, once one may not have been: a CUDA error's name and text.
    /// Sticky.
    [[nodiscard]] virtual std::string failure() const { return {}; }
    /// The oldest batch has been under way for longer than its bytes explain: not worth spinning for.
    [[nodiscard]] virtual bool late() const { return false; }
    /// The batch has been handed to the device, if not all of it is done. False for one that waits for those before it.
    [[nodiscard]] virtual bool launched(Ticket) { return true; }
    /// A point behind everything handed to the device so far; null where nothing goes on after submit(), or on failure.
    [[nodiscard]] virtual std::shared_ptr<StreamPoint> mark() { return nullptr; }
};

}  // namespace remit::memory
