#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace counts {

/// Counts the system calls of the threads that exist when it is made, but for the calling one, by the kernel's own
/// tracepoint. Needs root, tracefs and a kernel with it.
class SystemCalls {
public:
    SystemCalls();
    ~SystemCalls();
    SystemCalls(const SystemCalls&) = delete;
    SystemCalls& operator=(const SystemCalls&) = delete;

    /// Nothing where they cannot be counted here.
    [[nodiscard]] std::optional<std::uint64_t> count() const;

private:
    std::vector<int> descriptors_;
};

}  // namespace counts
