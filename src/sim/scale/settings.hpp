#pragma once

#include "protocol/config.hpp"

#include <remit/layout.hpp>
#include <remit/options.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace remit::sim::scale {

using protocol::Time;

/// What stands for hardware in the model. Nothing of it decides anything: what is sent when, into which blocks, is the
/// product's to say.
struct Costs {
    double link_gigabits = 400;                          ///< of each worker's port, each way
    Time data_delay = std::chrono::microseconds(2);      ///< from port to port, and of an acknowledgement
    Time control_delay = std::chrono::microseconds(20);  ///< a control message, thread to thread
    double copy_gigabytes = 200;                         ///< gather and scatter of a worker, a second
    Time copy_launch = std::chrono::microseconds(8);     ///< until a copy begins
    Time event = std::chrono::nanoseconds(1500);         ///< of a worker's thread: a message, a completion or a call
    Time post = std::chrono::nanoseconds(150);           ///< of a worker's thread: a work request
};

/// A cluster and what it is given to do.
struct Settings {
    std::uint32_t embeddings = 8;
    std::uint32_t languages = 64;
    std::uint64_t requests = 125000;
    std::uint64_t seed = 1;
    double load = 0.7;  ///< of what the embedding workers' ports carry together
    Costs costs;
    Layout::Shape layout;
    std::uint32_t pool_blocks = 512;               ///< a language worker
    std::optional<std::uint64_t> expected = 1024;  ///< each room's; 0: size first, nothing: the worker's own guess
    GuessOptions guess;
    protocol::Timing timing;
    std::uint32_t attempt_window = 64;  ///< a session
    std::uint64_t chunk_bytes = EmbeddingWorkerOptions{}.chunk_bytes;
    std::uint32_t send_regions = EmbeddingWorkerOptions{}.send_regions;
    std::uint32_t credits = LanguageWorkerOptions{}.limits.credits;

    [[nodiscard]] std::string policy() const {
        if (!expected) return "auto " + std::to_string(static_cast<int>(100 * guess.share + 0.5)) + " %";
        return *expected == 0 ? "size first" : "fixed " + std::to_string(*expected);
    }
};

}  // namespace remit::sim::scale
