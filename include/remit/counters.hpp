#pragma once

#include <cstdint>

namespace remit {

/// What a worker has done since its start: figures to compare and to watch, of its own thread. Those of posting are an
/// embedding worker's; a language worker posts nothing.
struct Counters {
    std::uint64_t turns = 0;          ///< times its thread looked at everything there is to look at
    std::uint64_t sleeps = 0;         ///< times it waited in the kernel
    std::uint64_t work_requests = 0;  ///< handed to the device
    std::uint64_t doorbells = 0;      ///< chains that they went in
    std::uint64_t signaled = 0;       ///< of them, those that asked for a completion
};

}  // namespace remit
