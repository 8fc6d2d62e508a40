#include "sim/scale/node.hpp"

#include "sim/scale/cluster.hpp"

#include <algorithm>

namespace remit::sim::scale {

Time Node::copy(Time now, std::uint64_t bytes) {
    const Costs& costs = cluster_.settings().costs;
    engine_free_ = std::max(engine_free_, now) + duration_of(bytes, costs.copy_gigabytes);
    return engine_free_ + costs.copy_launch;
}

}  // namespace remit::sim::scale
