#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// RDMA devices with an active port, by name.
[[nodiscard]] std::vector<std::string> active_devices(const std::filesystem::path& root = "/sys/class/infiniband");

/// The two ends of a demo; empty names leave the choice, and the refusal, to the workers. Of several named ones the first
/// half are the sender's rails, the others the receiver's.
struct DevicePair {
    std::string sender;
    std::string receiver;
    std::string note;  ///< for the user, where something was chosen
};
[[nodiscard]] DevicePair choose_devices(const std::vector<std::string>& named, const std::vector<std::string>& active);

}  // namespace remit::tools
