#include "host/sums.hpp"

#include <cstddef>
#include <utility>

namespace remit::gpu {
namespace {

constexpr std::size_t kPartsOfSlot = std::size_t{SumBatch::capacity} * SumShape::lanes;

}  // namespace

cudaError_t Sums::create(std::uint32_t slots, cudaStream_t stream) {
    release();
    const cudaError_t status = allocate(slots, stream);
    if (status != cudaSuccess) release();
    return status;
}

cudaError_t Sums::allocate(std::uint32_t slots, cudaStream_t stream) {
    std::vector<std::uint32_t> tables(SumTables<SumShape>::words);
    fill_tables(SumShape::lanes, tables.data());
    const std::size_t bytes = tables.size() * sizeof(std::uint32_t);
    const std::size_t parts = slots * kPartsOfSlot * sizeof(std::uint32_t);
    constexpr unsigned flags = cudaHostAllocMapped | cudaHostAllocPortable;
    if (const cudaError_t s = cudaHostAlloc(&parts_host_, parts, flags); s != cudaSuccess) return s;
    if (const cudaError_t s = cudaHostGetDevicePointer(&parts_device_, parts_host_, 0); s != cudaSuccess) return s;
    if (const cudaError_t s = cudaMalloc(&tables_, bytes); s != cudaSuccess) return s;
    const cudaError_t s = cudaMemcpyAsync(tables_, tables.data(), bytes, cudaMemcpyHostToDevice, stream);
    return s == cudaSuccess ? cudaStreamSynchronize(stream) : s;
}

void Sums::release() noexcept {
    // A dead context refuses to free what is gone with it; there is nothing else to do with these statuses.
    if (tables_ != nullptr) static_cast<void>(cudaFree(tables_));
    if (parts_host_ != nullptr) static_cast<void>(cudaFreeHost(parts_host_));
    tables_ = parts_host_ = parts_device_ = nullptr;
}

std::uint64_t Sums::parts(std::uint32_t slot) const noexcept {
    return reinterpret_cast<std::uintptr_t>(parts_device_) + slot * kPartsOfSlot * sizeof(std::uint32_t);
}

void Sums::launched(std::uint64_t number, std::uint32_t slot, memory::Ticket ticket, std::vector<SumLot> lots) {
    launches_.push_back({number, slot, ticket, std::move(lots)});
}

void Sums::ended(std::uint64_t number) {
    if (launches_.empty() || launches_.front().number != number) return;
    const Launch launch = std::move(launches_.front());
    launches_.pop_front();
    const auto* part = static_cast<const std::uint32_t*>(parts_host_) + launch.slot * kPartsOfSlot;
    std::vector<JoinedSum>& sums = open_.at(launch.ticket);
    for (const SumLot& lot : launch.lots) {
        std::uint32_t remainder = 0;
        for (std::uint32_t lane = 0; lane < SumShape::lanes; ++lane) remainder ^= *part++;
        sums[lot.sum].add(remainder, lot.lot.bytes);
    }
}

std::vector<std::uint32_t> Sums::take(memory::Ticket ticket) {
    std::vector<std::uint32_t> values;
    const auto joined = open_.extract(ticket);
    if (joined.empty()) return values;
    for (const JoinedSum& sum : joined.mapped()) values.push_back(sum.value());
    return values;
}

}  // namespace remit::gpu
