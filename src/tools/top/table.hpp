#pragma once

#include <remit/snapshot.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace remit::tools {

/// What `remit top` shows: workers, each with its pool, its sessions and its oldest rooms.
/// @param rows rooms and sessions of each worker, at most; @param width columns, 0: as many as it takes
[[nodiscard]] std::string status_text(const std::vector<WorkerSnapshot>& workers, std::size_t rows, std::size_t width);

/// "850 ms", "12.3 s", "4 m 05 s", "3 h 20 m".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds time);

}  // namespace remit::tools
