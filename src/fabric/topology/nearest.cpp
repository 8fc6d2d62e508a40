#include "fabric/topology/nearest.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

namespace remit::fabric::topology {
namespace {

std::size_t common_parts(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return static_cast<std::size_t>(differ.first - a.begin());
}

/// Of the nearest NICs, the one that fewest GPUs have, then the first by name.
std::optional<NearestNic> pick(const PciPlace& gpu, std::span<const NicPlace> nics,
                               const std::vector<std::size_t>& users) {
    std::optional<NearestNic> best;
    for (std::size_t i = 0; i < nics.size(); ++i) {
        if (!nics[i].place) continue;
        const NearestNic candidate{i, distance(gpu, *nics[i].place), users[i]};
        const auto rank = [&](const NearestNic& nic) {
            return std::tuple<Distance, std::size_t, const std::string&>(nic.distance, nic.shared, nics[nic.index].name);
        };
        if (!best || rank(candidate) < rank(*best)) best = candidate;
    }
    return best;
}

}  // namespace

Distance distance(const PciPlace& a, const PciPlace& b) {
    const std::size_t common = common_parts(a.path, b.path);
    // The device itself is the last part: two functions of one card share all but that.
    const auto hops = static_cast<std::uint32_t>(a.path.size() + b.path.size() - 2 * common);
    if (common >= 2) return {Span::switches, hops};
    if (common == 1) return {Span::host_bridge, hops};
    if (a.numa_node >= 0 && a.numa_node == b.numa_node) return {Span::numa_node, 0};
    return {Span::machine, 0};
}

std::string to_string(const Distance& distance) {
    switch (distance.span) {
        case Span::switches: return fmt::format("the same PCIe switch, {} hops", distance.hops);
        case Span::host_bridge: return fmt::format("the same host bridge, {} hops", distance.hops);
        case Span::numa_node: return "the same NUMA node";
        case Span::machine: break;
    }
    return "another NUMA node";
}

std::optional<NearestNic> nearest_nic(const PciPlace& gpu, std::span<const PciPlace> gpus,
                                      std::span<const NicPlace> nics) {
    std::vector<PciPlace> all(gpus.begin(), gpus.end());
    const auto by_address = [](const PciPlace& a, const PciPlace& b) { return a.address < b.address; };
    std::sort(all.begin(), all.end(), by_address);
    if (!std::binary_search(all.begin(), all.end(), gpu, by_address)) {
        all.insert(std::lower_bound(all.begin(), all.end(), gpu, by_address), gpu);
    }
    std::vector<std::size_t> users(nics.size(), 0);
    std::optional<NearestNic> answer;
    for (const PciPlace& each : all) {
        const auto nic = pick(each, nics, users);
        if (!nic) return std::nullopt;
        ++users[nic->index];
        if (each.address == gpu.address) answer = nic;
    }
    answer->shared = users[answer->index] - 1;
    return answer;
}

}  // namespace remit::fabric::topology
