#pragma once

#include <remit/memory_options.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace remit::memory {

/// One allocation as its owner knows it: `id` is never used again, while an address is.
struct Allocation {
    std::uint64_t id = 0;
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;
    bool operator==(const Allocation&) const = default;
};

/// What is known of a range of memory.
struct BufferFacts {
    MemoryKind kind = MemoryKind::host;
    int device = -1;                 ///< CUDA ordinal; -1 for host
    std::uint64_t address = 0;       ///< as NIC and peer know it, and the CPU where it may touch it
    std::uint64_t copy_address = 0;  ///< as the copy executor of its provider knows it
    std::uint64_t bytes = 0;
    bool adopted = false;                 ///< somebody else's, who frees it
    std::vector<Allocation> allocations;  ///< what an adopted range lies in, in ascending address
    std::string gather_only;              ///< why it must not be registered, in words; empty: it may be
};

/// A range of memory of one kind. Frees what it owns; adopted memory is left alone. Nothing may be registered on it or
/// be copied to or from it any more when it is destroyed.
class Buffer {
public:
    virtual ~Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    [[nodiscard]] const BufferFacts& facts() const noexcept { return facts_; }
    [[nodiscard]] MemoryKind kind() const noexcept { return facts_.kind; }
    [[nodiscard]] std::uint64_t address() const noexcept { return facts_.address; }
    [[nodiscard]] std::uint64_t copy_address() const noexcept { return facts_.copy_address; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return facts_.bytes; }
    [[nodiscard]] bool adopted() const noexcept { return facts_.adopted; }
    [[nodiscard]] bool registrable() const noexcept { return facts_.gather_only.empty(); }

protected:
    explicit Buffer(BufferFacts facts) : facts_(std::move(facts)) {}

    BufferFacts facts_;
};

}  // namespace remit::memory
