#pragma once

#include <vector>

#include "tools/doctor/finding.hpp"
#include "tools/doctor/machine.hpp"

/// The groups of checks: pure functions of a machine, each in a file of its own below checks/.
namespace remit::tools::doctor {

[[nodiscard]] std::vector<Finding> check_devices(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_ports(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_gids(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_memlock(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_device_files(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_container(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_pcie(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_numa(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_gpus(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_kernel(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_flow_control(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_network(const Machine& machine);
[[nodiscard]] std::vector<Finding> check_clock(const Machine& machine);

/// All of them, in this order.
[[nodiscard]] std::vector<Finding> check_all(const Machine& machine);

}  // namespace remit::tools::doctor
