#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/doctor/machine.hpp"

namespace remit::tools::doctor {

/// A PCI device's configuration space as sysfs shows it: 64 bytes to users, all of it to root.
class PciConfig {
public:
    explicit PciConfig(std::string bytes) : bytes_(std::move(bytes)) {}

    struct DeviceControl {
        bool relaxed_ordering = false;
        std::uint32_t most_payload = 128;  ///< bytes
        std::uint32_t most_read = 128;     ///< bytes of a read request
    };
    /// Nothing where it was not readable or the device is no PCIe device.
    [[nodiscard]] std::optional<DeviceControl> device_control() const;

    /// Whether ACS redirects peer-to-peer traffic upwards. Nothing where it was not readable; false without ACS.
    [[nodiscard]] std::optional<bool> redirects_peers() const;
    /// Whether more than the first 64 bytes were readable.
    [[nodiscard]] bool whole() const noexcept { return bytes_.size() > 64; }

private:
    [[nodiscard]] std::optional<std::uint32_t> at(std::size_t offset, std::size_t size) const;

    std::string bytes_;
};

/// Of the device with that address below sys/bus/pci/devices; nothing where sysfs has no such file.
[[nodiscard]] std::optional<PciConfig> read_pci_config(const Machine& machine, std::string_view address);

}  // namespace remit::tools::doctor
