#pragma once

#include <remit/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace remit {

/// A room (of an embedding worker: a send) that had not ended.
struct RoomSnapshot {
    RoomId room = 0;
    Status status = Status::Bootstrapping;
    std::chrono::milliseconds age{0};  ///< since receive() or send()
    std::uint64_t session = 0;         ///< 0: none yet. Of a send to several language workers the first's
    std::string peer{};                ///< "10.0.0.5:7700"; empty: none yet
    std::uint64_t total_tokens = 0;    ///< 0: not known yet
    std::uint64_t tokens = 0;          ///< of them here; at an embedding worker written, by the slowest language worker
    std::uint32_t rounds = 0;          ///< complete; at an embedding worker written, by the slowest
    std::uint32_t blocks = 0;          ///< language: that it holds
    std::string waits_for{};           ///< in words
};

/// What a worker was to one peer.
struct SessionSnapshot {
    std::uint64_t session = 0;
    std::string peer{};
    std::string state{};                ///< "up", "opening", "condemned" (an ABORT went unanswered), "closing", "idle"
    std::uint32_t generations = 0;      ///< sets of queue pairs
    std::uint64_t rooms = 0;            ///< that go on in it
    std::chrono::milliseconds silent{0};  ///< since it was last heard; of one that is up
};

/// A worker at one moment.
struct WorkerSnapshot {
    std::string worker{};  ///< "embedding", "language"
    std::string endpoint{};
    std::string device{};
    std::chrono::milliseconds uptime{0};
    std::uint32_t pool_blocks = 0;
    std::uint32_t free_blocks = 0;
    std::uint32_t quarantined_blocks = 0;  ///< of failed rooms, may still be written into
    std::uint64_t unfinished = 0;          ///< rooms that had not ended, all of them
    std::uint64_t waiting = 0;             ///< language: of them short of blocks or credits; embedding: INITs without a send()
    std::vector<RoomSnapshot> rooms{};     ///< the oldest of them, oldest first
    std::vector<SessionSnapshot> sessions{};
};

}  // namespace remit
