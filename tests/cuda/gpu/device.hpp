#pragma once

#include "case.hpp"
#include "host/launcher.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace remit::gpu::test {

/// Ends the test that runs: a CUDA error with its name and text, or what a test found wrong.
inline void check(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorName(status) + ": " + cudaGetErrorString(status));
}
inline void require(bool condition, const std::string& what) {
    if (!condition) throw std::runtime_error(what);
}

/// Memory of the device, or pinned and mapped memory of the host as a staged region is.
class Memory {
public:
    enum class Kind { device, mapped };
    Memory(std::size_t bytes, Kind kind);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(device_); }
    [[nodiscard]] void* data() const { return device_; }
    [[nodiscard]] const void* host() const { return host_; }
    void upload(const std::vector<std::byte>& bytes);
    [[nodiscard]] std::vector<std::byte> download(std::size_t bytes) const;

private:
    void* device_ = nullptr;
    void* host_ = nullptr;
};

/// A launcher with its slots, bound to this thread.
class Machine {
public:
    explicit Machine(std::uint32_t budget = kDefaultBlockBudget);

    [[nodiscard]] CopyLauncher& launcher() { return *launcher_; }
    void launch(const std::vector<memory::Copy>& copies, std::uint64_t base, std::uint32_t slot,
                std::uint64_t sequence);
    /// Polls the slot's word as a worker does; a dead context never counts, so there is a deadline.
    void wait(std::uint32_t slot, std::uint64_t sequence);

private:
    std::unique_ptr<CopyLauncher> launcher_;
    LaunchSlots slots_;
};

/// A case whose buffers lie on the device; copies keep their misalignment.
class DeviceCase {
public:
    explicit DeviceCase(Case work, Memory::Kind destination = Memory::Kind::device);
    /// Copies through `machine`, waits for the word, compares every byte of the destination.
    void run(Machine& machine);
    void launch(Machine& machine, std::uint32_t slot, std::uint64_t sequence);
    void compare() const;

private:
    Case work_;
    Memory source_;
    Memory destination_;
    std::vector<memory::Copy> copies_;
};

}  // namespace remit::gpu::test
