#pragma once

#include <remit/memory_options.hpp>

#include <string_view>

namespace remit {

/// "host", "pinned", "cuda": as settings and reports name them.
[[nodiscard]] constexpr std::string_view to_string(MemoryKind kind) noexcept {
    switch (kind) {
        case MemoryKind::host: return "host";
        case MemoryKind::pinned: return "pinned";
        case MemoryKind::cuda: return "cuda";
    }
    return "?";
}

}  // namespace remit
