#pragma once

#include "registration/chain.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace remit::registration {

/// A registration of adopted memory, or the reason why there is none. Deregistered when its last holder lets it go,
/// never before: nothing of a round under way may lose its key.
class SharedRegistration {
public:
    SharedRegistration(memory::Provider& provider, std::unique_ptr<memory::Buffer> buffer, fabric::Access access)
        : provider_(provider), buffer_(std::move(buffer)), access_(access) {}

    [[nodiscard]] const memory::Buffer& buffer() const noexcept { return *buffer_; }
    [[nodiscard]] Path path() const noexcept { return outcome_.path; }
    /// Why there is no region, or what was refused before there was one.
    [[nodiscard]] const std::string& refusals() const noexcept { return outcome_.refusals; }
    /// The region, to be asked for each time before it is used: null where the memory was freed since, whatever is at
    /// its address now, since the region reaches the old pages; or where there never was one. The memory is then only
    /// to be gathered from.
    [[nodiscard]] const fabric::MemoryRegion* region_for_use() const noexcept {
        return outcome_.region && provider_.matches(*buffer_) ? outcome_.region.get() : nullptr;
    }

private:
    friend class SharedRegistrations;

    memory::Provider& provider_;
    std::unique_ptr<memory::Buffer> buffer_;
    fabric::Access access_;
    Outcome outcome_;  ///< its region goes before the buffer
};

/// The registrations of adopted memory on one fabric. Adopting a range again, or a part of one, shares its
/// registration; adopting a range that laps over one makes one of both, which later adoptions share. What is shared is
/// told by the allocations that a range lies in (id, base and size), never by its address alone. Any thread. Provider
/// and fabric must outlive every registration.
class SharedRegistrations {
public:
    SharedRegistrations(memory::Provider& provider, fabric::Fabric& fabric, GpuDirect setting)
        : provider_(provider), fabric_(fabric), setting_(setting) {}

    /// @throws Error as Provider::adopt() and register_buffer(); refusals that leave another way are no error.
    [[nodiscard]] std::shared_ptr<const SharedRegistration> adopt(const void* address, std::size_t bytes,
                                                                  fabric::Access access);
    /// A registration that somebody holds, of memory that is still there and has all of the range; null where there is
    /// none.
    [[nodiscard]] std::shared_ptr<const SharedRegistration> find(std::uint64_t address, std::uint64_t bytes);
    /// Registrations that somebody holds.
    [[nodiscard]] std::size_t size();

private:
    [[nodiscard]] std::shared_ptr<SharedRegistration> covering(const memory::Buffer& buffer, fabric::Access access);
    [[nodiscard]] std::shared_ptr<SharedRegistration> make(std::unique_ptr<memory::Buffer> buffer,
                                                           fabric::Access access);
    void forget_ended();

    memory::Provider& provider_;
    fabric::Fabric& fabric_;
    GpuDirect setting_;
    std::mutex mutex_;  ///< also while one is made: of two adoptions of the same memory, one registers it
    std::vector<std::weak_ptr<SharedRegistration>> entries_;
};

}  // namespace remit::registration
