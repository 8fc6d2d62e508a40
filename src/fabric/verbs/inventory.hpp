#pragma once

#include "fabric/verbs/choice.hpp"
#include "fabric/verbs/handles.hpp"

#include <string>
#include <vector>

/// What RDMA devices this machine has, as tables for choice.hpp.
namespace remit::fabric::verbs {

/// A device of which libibverbs knows and that could not be opened.
struct UnopenedDevice {
    std::string name;
    int error = 0;  ///< errno of the attempt
};

/// Opened devices and their tables, by the same index. Devices that could not be opened are logged too.
struct Inventory {
    std::vector<DeviceInfo> devices;
    std::vector<ContextHandle> contexts;
    std::vector<UnopenedDevice> unopened;
};

[[nodiscard]] Inventory take_inventory();

/// @throws Error(bad_argument) for text that is no address.
[[nodiscard]] LocalAddress find_local_address(const std::string& ip);

}  // namespace remit::fabric::verbs
