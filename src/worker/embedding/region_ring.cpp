#include "worker/embedding/region_ring.hpp"

#include <cstring>
#include <string>

namespace remit::worker::embedding {

RegionRing::RegionRing(fabric::Fabric& fabric, memory::Provider& memory, std::uint32_t count, std::uint64_t bytes,
                       GpuDirect gpu_direct)
    : bytes_(bytes),
      regions_(memory, fabric,
               {.name = "send regions",
                .bytes = count * bytes,
                .access = fabric::Access::local,
                .gpu_direct = gpu_direct,
                .staging = registration::Staging::instead}) {
    for (std::uint32_t i = count; i-- > 0;) free_.push_back(i);
    if (memory.kind() == MemoryKind::host) return;
    std::string note;  // of the NUMA node, which matters little here
    aux_ = memory.allocate_reachable(count * sizeof(Aux), fabric.numa_node(), note);
}

RegionRing::LentAux::LentAux(RegionRing& regions, std::uint32_t index, std::span<memory::Copy> copies, const Aux& aux)
    : own_(reinterpret_cast<std::uintptr_t>(aux.data())) {
    if (regions.aux_ == nullptr) return;
    copies_ = copies;
    const std::uint64_t offset = index * sizeof(Aux);
    std::memcpy(reinterpret_cast<void*>(regions.aux_->address() + offset), aux.data(), sizeof aux);
    lent_ = regions.aux_->copy_address() + offset;
    move(own_, lent_);
}

void RegionRing::LentAux::move(std::uint64_t from, std::uint64_t to) noexcept {
    for (memory::Copy& copy : copies_) {
        if (copy.source >= from && copy.source < from + sizeof(Aux)) copy.source = copy.source - from + to;
    }
}

}  // namespace remit::worker::embedding
