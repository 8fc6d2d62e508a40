#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli/options.hpp"
#include "tools/exit_status.hpp"
#include "tools/run/observer.hpp"

namespace remit::tools {

/// The outcome of a command, as --json prints it. With several language workers: requests and tokens that every one of
/// them has, the rounds and resumes of all of them, the time from the first beginning to the last end.
struct Report {
    Status status = Status::Failed;
    std::string reason;
    std::optional<bool> verified = false;  ///< nothing: there was nothing to compare with
    std::string device;
    FabricKind fabric = FabricKind::verbs;
    DataPath path{};  ///< where the two sides differ "sender's,receiver's"; `gather` is the sender's
    std::uint32_t requests = 0;
    std::uint64_t tokens = 0;
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> writes;
    double seconds = 0;
    std::vector<HalfReport> ranks = {};  ///< each language worker's own, where there are several
};

[[nodiscard]] Report report_of(const HalfReport& half, FabricKind fabric);
/// What arrived is the receivers' to tell, what was written is the sender's. All are ours: unverified is failed.
/// @param receivers one a rank, in their order; at least one
[[nodiscard]] Report combine(const HalfReport& sender, const std::vector<HalfReport>& receivers, FabricKind fabric);
[[nodiscard]] Report failure(const std::string& reason, FabricKind fabric);

[[nodiscard]] std::string to_json(const Report& report);
/// "2000 of 2000 tokens verified, 2 rounds (1 resume), device …".
[[nodiscard]] std::string verdict(const Report& report, std::uint64_t tokens_wanted, Command command);
[[nodiscard]] ExitStatus exit_status_of(const Report& report);

/// "1 token", "2 tokens".
[[nodiscard]] std::string count_text(std::uint64_t number, const char* noun);
/// "16.4 MB".
[[nodiscard]] std::string bytes_text(double bytes);

}  // namespace remit::tools
