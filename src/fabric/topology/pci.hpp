#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where PCI devices stand, from sysfs.
namespace remit::fabric::topology {

struct PciPlace {
    std::string address;            ///< "0000:1b:00.0", in lower case
    std::vector<std::string> path;  ///< from the host bridge ("pci0000:17") over bridges and switches to the device
    int numa_node = -1;             ///< -1: there is none, or it is not known
};

/// "0000:1b:00.0" of "00000000:1B:00.0" or "1B:00.0": CUDA and nvidia-smi print capitals and longer domains, sysfs does
/// neither. Nothing for text that is no PCI address.
[[nodiscard]] std::optional<std::string> normalised_pci_address(std::string_view text);

/// The device with that address below `sysfs` ("/sys"). Nothing where there is none.
[[nodiscard]] std::optional<PciPlace> read_pci_device(const std::filesystem::path& sysfs, std::string_view address);

/// The PCI device that `link` (as /sys/class/infiniband/mlx5_0/device) leads to. Nothing for virtual devices.
[[nodiscard]] std::optional<PciPlace> read_pci_link(const std::filesystem::path& link);

/// All GPUs of NVIDIA in the machine, by address, whatever CUDA_VISIBLE_DEVICES hides: every process sees the same.
[[nodiscard]] std::vector<PciPlace> read_gpus(const std::filesystem::path& sysfs);

}  // namespace remit::fabric::topology
