#include "fabric/verbs/inventory.hpp"

#include <infiniband/verbs.h>

#include "tools/doctor/machine.hpp"

namespace remit::tools::doctor {
namespace {

bool has_on_demand_paging(ibv_context* context) {
    ibv_device_attr_ex attributes{};
    if (ibv_query_device_ex(context, nullptr, &attributes) != 0) return false;
    const bool any = (attributes.odp_caps.general_caps & IBV_ODP_SUPPORT) != 0;
    return any && (attributes.odp_caps.per_transport_caps.rc_odp_caps & IBV_ODP_SUPPORT_WRITE) != 0;
}

}  // namespace

RdmaFacts read_rdma_facts(const std::string& local_ip) {
    RdmaFacts facts;
    verbs::Inventory inventory = verbs::take_inventory();
    for (std::size_t i = 0; i < inventory.devices.size(); ++i) {
        facts.on_demand_paging[inventory.devices[i].name] = has_on_demand_paging(inventory.contexts[i].get());
    }
    facts.devices = std::move(inventory.devices);
    for (auto& device : inventory.unopened) facts.unopened.push_back({std::move(device.name), device.error});
    facts.local = local_address_of(local_ip);
    return facts;
}

verbs::LocalAddress local_address_of(const std::string& ip) {
    return verbs::find_local_address(ip);
}

}  // namespace remit::tools::doctor
