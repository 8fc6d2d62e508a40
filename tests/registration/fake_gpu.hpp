#pragma once

#include "memory/host_buffer.hpp"
#include "memory/provider.hpp"

#include <remit/error.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace remit::registration::test {

/// What a GPU is to the chain, without CUDA. Its memory has addresses and no bytes.
struct FakeGpu final : memory::Provider {
    bool dmabuf = true;
    bool pcie = false;
    std::string export_refusal;
    std::string prepare_note;
    std::string gather_only;  ///< of what is adopted from now on
    memory::Visibility writes = memory::Visibility::after_flush;

    int held = 0;    ///< buffers
    int pinned = 0;  ///< of those
    int prepared = 0;
    int exported = 0;
    int wanted_node = -2;
    std::map<std::uint64_t, memory::Allocation> allocations;  ///< of the user's, by base
    std::uint64_t next = 0x7f00'0000'0000;

    struct FakeBuffer final : memory::Buffer {
        FakeBuffer(FakeGpu& gpu, memory::BufferFacts facts, memory::HostBuffer pages = {})
            : Buffer(std::move(facts)), gpu_(gpu), pages_(std::move(pages)) {
            ++gpu_.held;
            if (kind() == MemoryKind::pinned) ++gpu_.pinned;
        }
        ~FakeBuffer() override {
            --gpu_.held;
            if (kind() == MemoryKind::pinned) --gpu_.pinned;
        }
        FakeGpu& gpu_;
        memory::HostBuffer pages_;
    };

    /// An allocation of the user's.
    std::uint64_t add(std::uint64_t bytes) {
        const std::uint64_t base = std::exchange(next, next + bytes);
        allocations[base] = {base / 4096 + 7, base, bytes};
        return base;
    }

    [[nodiscard]] MemoryKind kind() const noexcept override { return MemoryKind::cuda; }
    [[nodiscard]] std::string describe() const override { return "cuda:0 (fake)"; }
    [[nodiscard]] std::string pci_address() const override { return "0000:1b:00.0"; }
    [[nodiscard]] std::unique_ptr<memory::Buffer> allocate(std::size_t bytes) override {
        memory::BufferFacts facts{MemoryKind::cuda, 0, next, next, bytes, false, {}, {}};
        next += (bytes + 4095) / 4096 * 4096;
        return std::make_unique<FakeBuffer>(*this, std::move(facts));
    }
    [[nodiscard]] std::unique_ptr<memory::Buffer> allocate_reachable(std::size_t bytes, int node,
                                                                     std::string& note) override {
        wanted_node = node;
        note = "on the wrong node";
        memory::HostBuffer pages(bytes);
        memory::BufferFacts facts{MemoryKind::pinned, 0, pages.address(), pages.address(), bytes, false, {}, {}};
        return std::make_unique<FakeBuffer>(*this, std::move(facts), std::move(pages));
    }
    [[nodiscard]] std::unique_ptr<memory::Buffer> adopt(const void* pointer, std::size_t bytes) override {
        const auto address = reinterpret_cast<std::uintptr_t>(pointer);
        memory::BufferFacts facts{MemoryKind::cuda, 0, address, address, bytes, true, {}, gather_only};
        for (const auto& [base, allocation] : allocations) {
            if (base < address + bytes && address < base + allocation.bytes) facts.allocations.push_back(allocation);
        }
        return std::make_unique<FakeBuffer>(*this, std::move(facts));
    }
    [[nodiscard]] bool matches(const memory::Buffer& buffer) const noexcept override {
        for (const memory::Allocation& known : buffer.facts().allocations) {
            const auto found = allocations.find(known.base);
            if (found == allocations.end() || found->second != known) return false;
        }
        return true;
    }
    void require_reachable(const void*, std::size_t, std::string_view) const override {}
    [[nodiscard]] bool exports(memory::Mapping mapping) const noexcept override {
        return mapping == memory::Mapping::pcie ? pcie : dmabuf;
    }
    [[nodiscard]] memory::Export export_dmabuf(const memory::Buffer& buffer, memory::Mapping) override {
        memory::Export result;
        result.refusal = export_refusal;
        if (!result.refusal.empty()) return result;
        ++exported;
        result.descriptor = Descriptor(::memfd_create("remit test", MFD_CLOEXEC));
        result.offset = buffer.address() % 4096;
        if (::ftruncate(result.descriptor.get(), static_cast<off_t>(buffer.bytes() + 8192)) != 0) {
            throw Error(ErrorKind::environment, "ftruncate");
        }
        return result;
    }
    [[nodiscard]] std::string prepare(const memory::Buffer&) override {
        ++prepared;
        return prepare_note;
    }
    [[nodiscard]] memory::Visibility visibility() const noexcept override { return writes; }
    [[nodiscard]] std::string flush() override { return {}; }
    [[nodiscard]] std::unique_ptr<memory::CopyExecutor> make_executor(const memory::ExecutorOptions&) override {
        return nullptr;
    }
};

}  // namespace remit::registration::test
