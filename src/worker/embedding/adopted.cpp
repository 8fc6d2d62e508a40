#include "worker/embedding/adopted.hpp"

#include "pool/registrations.hpp"

#include <algorithm>
#include <utility>

namespace remit::worker::embedding {

void AdoptedSources::look_up(registration::SharedRegistrations& registrations, BlockMap& map, std::size_t index,
                             std::uint64_t bytes) {
    auto found = registrations.find(map.segments[index].base, bytes);
    if (found == nullptr) return;
    const fabric::MemoryRegion* region = found->region_for_use();
    if (region == nullptr) return;
    map.segments[index].registration = static_cast<std::uint32_t>(map.registrations.size());
    map.registrations.push_back(pool::local_registration(*region));
    held_.push_back(std::move(found));
}

void AdoptedSources::recheck(BlockMap& map) {
    const auto in_use = [](const auto& held) { return held->region_for_use() != nullptr; };
    if (std::all_of(held_.begin(), held_.end(), in_use)) return;
    for (SegmentMap& segment : map.segments) segment.registration = kUnregistered;
}

}  // namespace remit::worker::embedding
