#include "tools/doctor/pci_config.hpp"

namespace remit::tools::doctor {
namespace {

constexpr std::uint8_t kPcieCapability = 0x10;
constexpr std::uint32_t kAcsCapability = 0x000d;
constexpr std::size_t kExtendedStart = 0x100;
/// P2P request redirect, P2P completion redirect.
constexpr std::uint32_t kRedirect = 1U << 2 | 1U << 3;

}  // namespace

std::optional<std::uint32_t> PciConfig::at(std::size_t offset, std::size_t size) const {
    if (offset + size > bytes_.size()) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes_[offset + i])) << (8 * i);
    }
    return value;
}

std::optional<PciConfig::DeviceControl> PciConfig::device_control() const {
    // A list that a broken device ties into a ring ends here all the same.
    auto next = at(0x34, 1);
    for (int steps = 0; steps < 48 && next.value_or(0) >= 0x40; ++steps) {
        const std::size_t here = *next & 0xfcU;
        const auto id = at(here, 1);
        if (!id) return std::nullopt;
        if (*id == kPcieCapability) {
            const auto control = at(here + 8, 2);
            if (!control) return std::nullopt;
            return DeviceControl{(*control >> 4 & 1U) != 0, 128U << (*control >> 5 & 7U),
                                 128U << (*control >> 12 & 7U)};
        }
        next = at(here + 1, 1);
    }
    return std::nullopt;
}

std::optional<bool> PciConfig::redirects_peers() const {
    if (!whole()) return std::nullopt;
    std::size_t here = kExtendedStart;
    for (int steps = 0; steps < 480 && here >= kExtendedStart; ++steps) {
        const auto header = at(here, 4);
        if (!header || *header == 0 || *header == 0xffffffffU) return false;
        if ((*header & 0xffffU) == kAcsCapability) {
            const auto control = at(here + 6, 2);
            return control && (*control & kRedirect) != 0;
        }
        here = *header >> 20 & 0xffcU;
    }
    return false;
}

std::optional<PciConfig> read_pci_config(const Machine& machine, std::string_view address) {
    auto bytes = machine.text("sys/bus/pci/devices/" + std::string(address) + "/config");
    return bytes ? std::optional<PciConfig>(std::move(*bytes)) : std::nullopt;
}

}  // namespace remit::tools::doctor
