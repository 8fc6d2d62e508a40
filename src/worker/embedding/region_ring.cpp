#include "worker/embedding/region_ring.hpp"

#include <algorithm>
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
                .staging = registration::Staging::instead}),
      slots_(count) {
    free_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) free_.push_back(i);
    if (memory.kind() == MemoryKind::host) return;
    std::string note;  // of the NUMA node, which matters little here
    aux_ = memory.allocate_reachable(count * sizeof(Aux), fabric.numa_node(), note);
}

std::uint32_t RegionRing::take() {
    const std::uint32_t index = free_.front();
    free_.erase(free_.begin());
    slots_[index].users = 1;
    slots_[index].send = 0;
    return index;
}

void RegionRing::remember(std::uint32_t index, std::uint64_t send, std::span<const memory::Copy> copies,
                          memory::Ticket ticket) {
    Slot& slot = slots_[index];
    slot.send = send;
    slot.copies.assign(copies.begin(), copies.end());
    slot.ticket = ticket;
}

std::optional<RegionRing::Shared> RegionRing::find(std::uint64_t send, std::span<const memory::Copy> copies) const {
    if (send == 0) return std::nullopt;
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
        const Slot& slot = slots_[i];
        const bool same =
            slot.send == send && std::equal(copies.begin(), copies.end(), slot.copies.begin(), slot.copies.end());
        if (same) return Shared{i, slot.ticket};
    }
    return std::nullopt;
}

void RegionRing::share(std::uint32_t index) {
    if (slots_[index].users++ == 0) free_.erase(std::find(free_.begin(), free_.end(), index));
}

void RegionRing::give(std::uint32_t index) {
    if (--slots_[index].users == 0) free_.push_back(index);
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
