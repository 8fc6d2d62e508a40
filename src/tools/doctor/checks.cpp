#include "tools/doctor/checks.hpp"

namespace remit::tools::doctor {

std::vector<Finding> check_all(const Machine& machine) {
    Findings all;
    for (const auto check :
         {check_devices, check_device_files, check_ports, check_gids, check_memlock, check_container, check_pcie,
          check_numa, check_gpus, check_kernel, check_flow_control, check_network, check_clock}) {
        all.append(check(machine));
    }
    return all.take();
}

}  // namespace remit::tools::doctor
