#pragma once

#include "memory/page_map.hpp"

#include <cstddef>
#include <cstdint>

namespace remit::memory {

/// Page-aligned, zeroed host memory, touched at once so that no page fault comes later. Move-only.
class HostBuffer {
public:
    HostBuffer() = default;
    /// @throws Error(environment) naming the size where the machine has not that much.
    explicit HostBuffer(std::size_t bytes);

    [[nodiscard]] std::byte* data() const noexcept { return pages_.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return pages_.size(); }
    [[nodiscard]] std::uint64_t address() const noexcept { return reinterpret_cast<std::uintptr_t>(data()); }

private:
    PageMap pages_;
};

}  // namespace remit::memory
