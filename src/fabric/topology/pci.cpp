#include "fabric/topology/pci.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <system_error>

namespace remit::fabric::topology {
namespace {

namespace fs = std::filesystem;

std::string first_word(const fs::path& file) {
    std::string word;
    std::ifstream(file) >> word;
    return word;
}

/// "pci0000:17", "0000:17:01.0", "0000:1b:00.0" of the device's real folder; empty where it is no PCI device.
std::vector<std::string> path_of(const fs::path& folder) {
    std::vector<std::string> path;
    for (const fs::path& part : folder) {
        const std::string name = part.string();
        const bool root = name.rfind("pci", 0) == 0 && name.find(':') != std::string::npos;
        if (root) path.clear();
        if (root || (!path.empty() && normalised_pci_address(name))) path.push_back(name);
    }
    return path;
}

}  // namespace

std::optional<std::string> normalised_pci_address(std::string_view text) {
    const std::string words(text);
    unsigned domain = 0;
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;
    int used = 0;
    const auto whole = [&] { return used == static_cast<int>(words.size()); };
    bool ok = std::sscanf(words.c_str(), "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &used) == 4 && whole();
    if (!ok) {
        domain = 0;
        ok = std::sscanf(words.c_str(), "%2x:%2x.%1x%n", &bus, &device, &function, &used) == 3 && whole();
    }
    if (!ok) return std::nullopt;
    std::array<char, 32> address{};
    std::snprintf(address.data(), address.size(), "%04x:%02x:%02x.%x", domain, bus, device, function);
    return address.data();
}

std::optional<PciPlace> read_pci_link(const fs::path& link) {
    std::error_code error;
    const fs::path folder = fs::canonical(link, error);
    if (error) return std::nullopt;
    PciPlace place;
    place.path = path_of(folder);
    if (place.path.size() < 2) return std::nullopt;
    place.address = *normalised_pci_address(place.path.back());
    std::ifstream(folder / "numa_node") >> place.numa_node;
    return place;
}

std::optional<PciPlace> read_pci_device(const fs::path& sysfs, std::string_view address) {
    const auto normal = normalised_pci_address(address);
    return normal ? read_pci_link(sysfs / "bus" / "pci" / "devices" / *normal) : std::nullopt;
}

std::vector<PciPlace> read_gpus(const fs::path& sysfs) {
    std::vector<PciPlace> gpus;
    std::error_code error;
    fs::directory_iterator it(sysfs / "bus" / "pci" / "devices", error);
    for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
        const bool nvidia = first_word(it->path() / "vendor") == "0x10de";
        // Display controllers: VGA (0x0300) on workstations, 3D (0x0302) in servers.
        if (!nvidia || first_word(it->path() / "class").rfind("0x03", 0) != 0) continue;
        if (auto place = read_pci_link(it->path())) gpus.push_back(std::move(*place));
    }
    std::sort(gpus.begin(), gpus.end(), [](const PciPlace& a, const PciPlace& b) { return a.address < b.address; });
    return gpus;
}

}  // namespace remit::fabric::topology
