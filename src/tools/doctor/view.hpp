#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/doctor/machine.hpp"

/// What several checks ask of a machine.
namespace remit::tools::doctor {

/// Which runtime a container is of; nothing on a host.
[[nodiscard]] std::optional<std::string> container_of(const Machine& machine);

/// Whether the process holds the privilege in the first user namespace, the only one in which the kernel asks for it.
[[nodiscard]] bool has_ipc_lock(const Machine& machine);

/// RLIMIT_MEMLOCK of this process in bytes; nothing inside: unlimited.
struct MemlockLimit {
    std::optional<std::uint64_t> soft;
    std::optional<std::uint64_t> hard;
};
/// Nothing where /proc does not tell.
[[nodiscard]] std::optional<MemlockLimit> memlock_limit(const Machine& machine);

/// "mlx5_0 port 1".
[[nodiscard]] std::string port_name(const verbs::DeviceInfo& device, const verbs::PortInfo& port);
/// "sys/class/infiniband/mlx5_0/ports/1/NAME".
[[nodiscard]] std::string port_file(const verbs::DeviceInfo& device, const verbs::PortInfo& port,
                                    const std::string& name);
/// "100" of "100 Gb/sec (4X EDR)"; nothing where sysfs does not tell.
[[nodiscard]] std::optional<double> port_gigabits(const Machine& machine, const verbs::DeviceInfo& device,
                                                  const verbs::PortInfo& port);
/// The network devices that a port's GIDs name, or all of its hardware's where they name none.
[[nodiscard]] std::vector<std::string> netdevs_of(const verbs::DeviceInfo& device, const verbs::PortInfo& port);
/// Made by software on a network device: rxe.
[[nodiscard]] bool is_software(const verbs::DeviceInfo& device);

/// The device and port a worker would take; nothing where it would refuse.
struct Chosen {
    const verbs::DeviceInfo* device = nullptr;
    const verbs::PortInfo* port = nullptr;
};
[[nodiscard]] std::optional<Chosen> chosen_port(const Machine& machine);

}  // namespace remit::tools::doctor
