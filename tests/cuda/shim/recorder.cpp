#include "shim/recorder.hpp"

#include "shim/primitives.hpp"

#include <algorithm>

namespace remit::gpu::shim {
namespace {

thread_local Recorder* recorder_of_thread = nullptr;
thread_local Counters* counters_of_thread = nullptr;

}  // namespace

void Counters::add(const Counters& other) {
    for (std::size_t i = 0; i < std::size(loaded); ++i) loaded[i] += other.loaded[i];
    stored += other.stored;
    stored_wide += other.stored_wide;
    misaligned += other.misaligned;
    reads_outside += other.reads_outside;
    writes_outside += other.writes_outside;
    tickets += other.tickets;
    publishes += other.publishes;
    for (const auto& [block, bytes] : other.stored_by_block) stored_by_block[block] += bytes;
}

Recorder::Recorder(std::uint64_t destination, std::uint64_t bytes)
    : destination_(destination), bytes_(bytes), writes_(new std::atomic<std::uint8_t>[bytes + 1]()) {}

void Recorder::allow_reads(std::uint64_t begin, std::uint64_t end) {
    auto next = readable_.upper_bound(begin);
    if (next != readable_.begin() && std::prev(next)->second >= begin) next = std::prev(next);
    while (next != readable_.end() && next->first <= end) {
        begin = std::min(begin, next->first);
        end = std::max(end, next->second);
        next = readable_.erase(next);
    }
    readable_[begin] = end;
}

bool Recorder::readable(std::uint64_t address, std::uint64_t bytes) const {
    const auto next = readable_.upper_bound(address);
    return next != readable_.begin() && std::prev(next)->second >= address + bytes;
}

bool Recorder::count_write(std::uint64_t address, std::uint64_t bytes) {
    if (address < destination_ || address + bytes > destination_ + bytes_) return false;
    for (std::uint64_t i = 0; i < bytes; ++i) {
        writes_[address - destination_ + i].fetch_add(1, std::memory_order_relaxed);
    }
    return true;
}

std::uint32_t Recorder::writes(std::uint64_t offset) const {
    return writes_[offset].load(std::memory_order_relaxed);
}

void bind(Recorder* recorder, Counters* counters) {
    recorder_of_thread = recorder;
    counters_of_thread = counters;
}

bool may_read(std::uint64_t address, std::uint64_t bytes, Access access) {
    Counters& counters = *counters_of_thread;
    counters.loaded[static_cast<std::size_t>(access)] += bytes;
    const bool aligned = address % bytes == 0;
    const bool inside = recorder_of_thread->readable(address, bytes);
    if (!aligned) ++counters.misaligned;
    if (!inside) ++counters.reads_outside;
    return aligned && inside;
}

bool may_write(std::uint64_t address, std::uint64_t bytes) {
    Counters& counters = *counters_of_thread;
    counters.stored += bytes;
    if (bytes == 16) counters.stored_wide += bytes;
    counters.stored_by_block[blockIdx.x] += bytes;
    const bool aligned = address % bytes == 0;
    const bool inside = recorder_of_thread->count_write(address, bytes);
    if (!aligned) ++counters.misaligned;
    if (!inside) ++counters.writes_outside;
    return aligned && inside;
}

void count_ticket() {
    ++counters_of_thread->tickets;
}
void count_publish() {
    ++counters_of_thread->publishes;
}

}  // namespace remit::gpu::shim
