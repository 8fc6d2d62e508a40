#pragma once

#include <remit/snapshot.hpp>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace remit::tools {

/// What goes over a status socket, and what `remit top --json` prints. Rooms and sessions are strings: they have 63 bits.
[[nodiscard]] nlohmann::ordered_json to_json(const WorkerSnapshot& snapshot);
/// @throws Error(refused) for what a worker of this version would not say.
[[nodiscard]] std::vector<WorkerSnapshot> snapshots_from_json(const std::string& text);

}  // namespace remit::tools
