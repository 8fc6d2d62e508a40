#pragma once

#include "worker/embedding/send_queue.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace remit::worker::embedding {

/// Work requests that go to a queue pair with one doorbell.
struct SendQueue::Chain {
    static constexpr std::size_t kRequests = 32;
    static constexpr std::size_t kPieces = 512;

    std::array<fabric::WorkRequest, kRequests> requests;
    std::array<fabric::Piece, kPieces> pieces;
    std::array<UnitId, kRequests> units;
    std::size_t size = 0;
    std::size_t pieces_used = 0;
    std::int64_t posted_at = 0;  ///< where there is a trace
    std::uint64_t silent = 0;  ///< bytes of units since the last request that asks for a completion

    void clear() noexcept { size = pieces_used = silent = 0; }
    void signal_last() noexcept {
        if (size > 0) requests[size - 1].signaled = true;
        silent = 0;
    }
};

}  // namespace remit::worker::embedding
