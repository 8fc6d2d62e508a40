#pragma once

#include "fabric/verbs/choice.hpp"
#include "fabric/verbs/handles.hpp"

#include <string>
#include <vector>

/// What RDMA devices this machine has, as tables for choice.hpp.
namespace remit::fabric::verbs {

/// Opened devices and their tables, by the same index. Devices that could not be opened are logged and left out.
struct Inventory {
    std::vector<DeviceInfo> devices;
    std::vector<ContextHandle> contexts;
};

[[nodiscard]] Inventory take_inventory();

/// @throws Error(bad_argument) for text that is no address.
[[nodiscard]] LocalAddress find_local_address(const std::string& ip);

}  // namespace remit::fabric::verbs
