#include "registration/shared.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

namespace remit::registration {
namespace {

using memory::Allocation;
using memory::Buffer;

std::uint64_t end_of(const Buffer& buffer) { return buffer.address() + buffer.bytes(); }

bool covers(const Buffer& outer, const Buffer& inner) {
    return outer.address() <= inner.address() && end_of(inner) <= end_of(outer);
}

bool overlap(const Buffer& a, const Buffer& b) { return a.address() < end_of(b) && b.address() < end_of(a); }

/// Whether what both know of the addresses that they share is the same memory.
bool same_memory(const Buffer& a, const Buffer& b) {
    const auto& known = a.facts().allocations;
    const std::uint64_t begin = std::max(a.address(), b.address());
    const std::uint64_t end = std::min(end_of(a), end_of(b));
    const auto shared = [&](const Allocation& allocation) {
        return allocation.base < end && begin < allocation.base + allocation.bytes;
    };
    const auto& asked = b.facts().allocations;
    return std::all_of(asked.begin(), asked.end(), [&](const Allocation& allocation) {
        return !shared(allocation) || std::find(known.begin(), known.end(), allocation) != known.end();
    });
}

}  // namespace

std::shared_ptr<const SharedRegistration> SharedRegistrations::adopt(const void* address, std::size_t bytes,
                                                                     fabric::Access access) {
    const std::lock_guard lock(mutex_);
    forget_ended();
    auto buffer = provider_.adopt(address, bytes);
    if (auto found = covering(*buffer, access)) return found;
    std::uint64_t begin = buffer->address();
    std::uint64_t end = end_of(*buffer);
    for (const auto& weak : entries_) {
        const auto entry = weak.lock();
        if (!entry || !overlap(entry->buffer(), *buffer) || !same_memory(entry->buffer(), *buffer)) continue;
        if (!provider_.matches(entry->buffer())) continue;  // part of it has been freed
        begin = std::min(begin, entry->buffer().address());
        end = std::max(end, end_of(entry->buffer()));
        access = std::max(access, entry->access_);
    }
    if (begin != buffer->address() || end != end_of(*buffer)) {
        buffer = provider_.adopt(std::bit_cast<const void*>(static_cast<std::uintptr_t>(begin)), end - begin);
    }
    return make(std::move(buffer), access);
}

std::shared_ptr<const SharedRegistration> SharedRegistrations::find(std::uint64_t address, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : entries_) {
        auto entry = weak.lock();
        if (!entry) continue;
        const Buffer& buffer = entry->buffer();
        if (address < buffer.address() || address - buffer.address() > buffer.bytes()) continue;
        if (bytes > end_of(buffer) - address || !provider_.matches(buffer)) continue;
        return entry;
    }
    return nullptr;
}

std::size_t SharedRegistrations::size() {
    const std::lock_guard lock(mutex_);
    forget_ended();
    return entries_.size();
}

std::shared_ptr<SharedRegistration> SharedRegistrations::covering(const Buffer& buffer, fabric::Access access) {
    for (const auto& weak : entries_) {
        auto entry = weak.lock();
        if (entry && covers(entry->buffer(), buffer) && entry->access_ >= access && same_memory(entry->buffer(), buffer) &&
            provider_.matches(entry->buffer())) {
            return entry;
        }
    }
    return nullptr;
}

std::shared_ptr<SharedRegistration> SharedRegistrations::make(std::unique_ptr<Buffer> buffer, fabric::Access access) {
    auto entry = std::make_shared<SharedRegistration>(provider_, std::move(buffer), access);
    if (entry->buffer().registrable()) {
        entry->outcome_ = register_buffer(provider_, fabric_, entry->buffer(), access, setting_);
    } else {
        entry->outcome_.refusals = entry->buffer().facts().gather_only;
    }
    if (entry->outcome_.region) entries_.push_back(entry);
    return entry;
}

void SharedRegistrations::forget_ended() {
    std::erase_if(entries_, [](const auto& entry) { return entry.expired(); });
}

}  // namespace remit::registration
