#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/cli/options.hpp"
#include "tools/exit_status.hpp"
#include "tools/run/observer.hpp"

namespace remit::tools {

/// The outcome of a command, as --json prints it.
struct Report {
    Status status = Status::Failed;
    std::string reason;
    std::optional<bool> verified = false;  ///< nothing: there was nothing to compare with
    std::string device;
    FabricKind fabric = FabricKind::verbs;
    std::uint32_t requests = 0;
    std::uint64_t tokens = 0;
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> writes;
    double seconds = 0;
};

[[nodiscard]] Report report_of(const HalfReport& half, FabricKind fabric);
/// What arrived is the receiver's to tell, what was written is the sender's. Both are ours: unverified is failed.
[[nodiscard]] Report combine(const HalfReport& sender, const HalfReport& receiver, FabricKind fabric);
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
