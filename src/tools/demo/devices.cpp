#include "tools/demo/devices.hpp"

#include "tools/cli/wording.hpp"

#include <algorithm>
#include <fstream>

namespace remit::tools {
namespace {

namespace fs = std::filesystem;

bool has_active_port(const fs::path& device) {
    std::error_code error;
    for (const fs::directory_entry& port : fs::directory_iterator(device / "ports", error)) {
        std::ifstream file(port.path() / "state");
        std::string state;
        // "4: ACTIVE"
        if (std::getline(file, state) && state.rfind("4:", 0) == 0) return true;
    }
    return false;
}

}  // namespace

std::vector<std::string> active_devices(const fs::path& root) {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& device : fs::directory_iterator(root, error)) {
        if (has_active_port(device.path())) names.push_back(device.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

DevicePair choose_devices(const std::vector<std::string>& named, const std::vector<std::string>& active) {
    if (named.size() == 1) return {named[0], named[0], ""};
    if (!named.empty()) {
        const auto half = named.begin() + static_cast<std::ptrdiff_t>(named.size() / 2);
        return {joined({named.begin(), half}), joined({half, named.end()}), ""};
    }
    if (active.empty()) return {};
    if (active.size() == 1) {
        return {active[0], active[0],
                "only one RDMA device is active: both ends use " + active[0] + ", so nothing leaves it"};
    }
    // Of rxe_a0, rxe_a1, rxe_b0, rxe_b1 the first and the third are the two ends of one wire.
    const std::string& other = active[active.size() / 2];
    return {active[0], other, "sender on " + active[0] + ", receiver on " + other + " (--device A,B names others)"};
}

}  // namespace remit::tools
