#include "gpu/device.hpp"

#include "driver/load.hpp"

#include <chrono>
#include <cstring>

namespace remit::gpu::test {
namespace {

constexpr std::uint32_t kSlots = 16;
constexpr std::uint32_t kListCapacity = 8192;

std::vector<memory::Copy> moved(const Case& work, std::uint64_t source) {
    std::vector<memory::Copy> copies = work.copies;
    for (memory::Copy& copy : copies) {
        if (copy.source != 0) copy.source = copy.source - address_of(work.source) + source;
    }
    return copies;
}

}  // namespace

Memory::Memory(std::size_t bytes, Kind kind) {
    // At least one byte: an empty allocation has no address.
    const std::size_t size = bytes == 0 ? 1 : bytes;
    if (kind == Kind::device) {
        check(cudaMalloc(&device_, size), "cudaMalloc");
        return;
    }
    check(cudaHostAlloc(&host_, size, cudaHostAllocMapped | cudaHostAllocPortable), "cudaHostAlloc");
    check(cudaHostGetDevicePointer(&device_, host_, 0), "cudaHostGetDevicePointer");
}

Memory::~Memory() {
    if (host_ != nullptr) {
        static_cast<void>(cudaFreeHost(host_));
    } else {
        static_cast<void>(cudaFree(device_));
    }
}

void Memory::upload(const std::vector<std::byte>& bytes) {
    if (bytes.empty()) return;
    check(cudaMemcpy(device_, bytes.data(), bytes.size(), cudaMemcpyDefault), "cudaMemcpy to the device");
    // A copy from pageable memory may return while its last part is on the way.
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
}

std::vector<std::byte> Memory::download(std::size_t bytes) const {
    std::vector<std::byte> result(bytes);
    if (bytes == 0) return result;
    if (host_ != nullptr) {
        // Plain reads, right after the word was seen: this is what the release store has to make safe.
        std::memcpy(result.data(), host_, bytes);
    } else {
        check(cudaMemcpy(result.data(), device_, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy from the device");
    }
    return result;
}

Machine::Machine(std::uint32_t budget) {
    const auto context = std::make_shared<PrimaryContext>(driver(), 0);
    check(CopyLauncher::create({.context = context, .block_budget = budget, .priority = 0}, launcher_),
          "CopyLauncher::create");
    check(launcher_->bind_thread(), "CopyLauncher::bind_thread");
    check(slots_.create(kSlots, kListCapacity), "LaunchSlots::create");
}

void Machine::launch(const std::vector<memory::Copy>& copies, std::uint64_t base, std::uint32_t slot,
                     std::uint64_t sequence) {
    check(launcher_->launch(copies, base, slots_[slot], sequence), "launch");
}

void Machine::wait(std::uint32_t slot, std::uint64_t sequence) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (slots_.progress(slot) < sequence) {
        if (std::chrono::steady_clock::now() < deadline) continue;
        check(cudaStreamQuery(launcher_->stream()), "the word is late, the stream says");
        throw std::runtime_error("the stream is done, but the word was never set");
    }
    require(slots_.progress(slot) == sequence, "the word shows a sequence that was not launched");
}

DeviceCase::DeviceCase(Case work, Memory::Kind destination)
    : work_(std::move(work)),
      source_(work_.source.size(), Memory::Kind::device),
      destination_(work_.destination.size(), destination),
      copies_(moved(work_, source_.address())) {
    source_.upload(work_.source);
    destination_.upload(work_.destination);
}

void DeviceCase::run(Machine& machine) {
    static std::uint64_t sequence = 0;
    launch(machine, 0, ++sequence);
    machine.wait(0, sequence);
    compare();
}

void DeviceCase::launch(Machine& machine, std::uint32_t slot, std::uint64_t sequence) {
    machine.launch(copies_, destination_.address(), slot, sequence);
}

void DeviceCase::compare() const {
    const std::vector<std::byte> expected = work_.expected();
    const std::vector<std::byte> got = destination_.download(expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i] != expected[i]) throw std::runtime_error(work_.name + ": byte " + std::to_string(i) + " is wrong");
    }
}

}  // namespace remit::gpu::test
