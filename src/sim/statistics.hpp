#pragma once

#include "protocol/transitions.hpp"
#include "sim/settings.hpp"

#include <array>
#include <cstdint>

namespace remit::sim {

/// What has happened in one or many histories.
struct Statistics {
    std::uint64_t steps = 0;
    std::uint64_t rooms = 0;        ///< receive() calls
    std::uint64_t successes = 0;    ///< rooms that ended with Success
    std::uint64_t resumes = 0;      ///< rounds after the first
    std::uint64_t aborts = 0;       ///< attempts that sent ABORT
    std::uint64_t yields = 0;       ///< attempts that were asked back
    std::uint64_t peer_deaths = 0;  ///< generations given up because the peer was silent
    std::uint64_t generations = 0;  ///< built by senders
    std::uint64_t bytes = 0;        ///< landed
    std::array<std::uint64_t, kFaults> faults{};
    protocol::TransitionCounts transitions;

    [[nodiscard]] bool came(Fault fault) const { return faults[static_cast<std::size_t>(fault)] != 0; }
    void add(const Statistics& other) {
        steps += other.steps;
        rooms += other.rooms;
        successes += other.successes;
        resumes += other.resumes;
        aborts += other.aborts;
        yields += other.yields;
        peer_deaths += other.peer_deaths;
        generations += other.generations;
        bytes += other.bytes;
        for (std::size_t i = 0; i < kFaults; ++i) faults[i] += other.faults[i];
        transitions.add(other.transitions);
    }
};

}  // namespace remit::sim
