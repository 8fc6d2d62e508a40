#pragma once

#include <cstdint>
#include <span>

namespace remit::memory {

/// One piece of a gather or a scatter. `destination` is relative to the base given to submit();
/// a source of 0 stands for zeros.
struct Copy {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;
    bool operator==(const Copy&) const = default;
};

/// Identifies a submitted batch; batches of one executor end in the order of their tickets.
using Ticket = std::uint64_t;

/// Runs batches of copies. Owned by one thread. The memory must stay valid until the batch is done.
class CopyExecutor {
public:
    virtual ~CopyExecutor() = default;
    /// Starts a batch; the copies may be forgotten when it returns.
    virtual Ticket submit(std::span<const Copy> copies, std::uint64_t destination_base) = 0;
    [[nodiscard]] virtual bool done(Ticket ticket) = 0;
};

}  // namespace remit::memory
