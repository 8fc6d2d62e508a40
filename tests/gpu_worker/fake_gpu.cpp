#include "fake_gpu.hpp"

#include "fake_runtime.hpp"
#include "host/copy_executor.hpp"
#include "host/streams.hpp"
#include "kernels/kernels.hpp"
#include "memory/cuda.hpp"

#include <remit/error.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

namespace remit::worker::test {
namespace {

FakeGpu state;

class FakeBuffer;
/// Buffers that live, by address. Guarded by the runtime's mutex.
std::map<std::uint64_t, FakeBuffer*> live;
std::uint64_t last_id = 0;

std::size_t in_pages(std::size_t bytes) {
    return (bytes + 4095) / 4096 * 4096;
}

/// Memory behind a descriptor, as a dma-buf is: what stands for a NIC maps it a second time.
class FakeBuffer final : public memory::Buffer {
public:
    FakeBuffer(MemoryKind kind, int device, std::size_t bytes) : Buffer({}) {
        file_ = Descriptor(::memfd_create("device memory", MFD_CLOEXEC));
        mapped_bytes_ = in_pages(bytes);
        if (::ftruncate(file_.get(), static_cast<off_t>(mapped_bytes_)) != 0) throw std::runtime_error("ftruncate");
        mapped_ = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
        if (mapped_ == MAP_FAILED) throw std::runtime_error("mmap");
        facts_.kind = kind;
        facts_.device = device;
        facts_.address = facts_.copy_address = reinterpret_cast<std::uintptr_t>(mapped_);
        facts_.bytes = bytes;
        ++state.buffers;
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        id_ = ++last_id;
        live[facts_.address] = this;
    }
    ~FakeBuffer() override {
        {
            const std::lock_guard lock(gpu::test::fake_runtime_mutex());
            live.erase(facts_.address);
        }
        ::munmap(mapped_, mapped_bytes_);
        --state.buffers;
    }
    [[nodiscard]] int descriptor() const { return file_.get(); }
    [[nodiscard]] memory::Allocation allocation() const { return {id_, facts_.address, facts_.bytes}; }
    void renew() { id_ = ++last_id; }

private:
    std::uint64_t id_ = 0;
    Descriptor file_;
    void* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0;
};

class AdoptedBuffer final : public memory::Buffer {
public:
    explicit AdoptedBuffer(memory::BufferFacts facts) : Buffer(std::move(facts)) {}
};

/// The buffer that has the address; null where none has. Under the runtime's mutex.
FakeBuffer* buffer_at(std::uint64_t address) {
    const auto after = live.upper_bound(address);
    if (after == live.begin()) return nullptr;
    FakeBuffer* const buffer = std::prev(after)->second;
    return address - buffer->address() < buffer->bytes() ? buffer : nullptr;
}

class FakeMemory final : public memory::Provider {
public:
    explicit FakeMemory(const MemoryOptions& options)
        : options_(options), context_(gpu::test::fake_context(options.device)), streams_(context_) {}

    [[nodiscard]] MemoryKind kind() const noexcept override { return options_.kind; }
    [[nodiscard]] std::string describe() const override {
        return "cuda:" + std::to_string(options_.device) + " (fake)";
    }
    [[nodiscard]] std::string pci_address() const override { return "0000:1b:00.0"; }
    [[nodiscard]] std::unique_ptr<memory::Buffer> allocate(std::size_t bytes) override {
        return std::make_unique<FakeBuffer>(options_.kind, options_.device, bytes);
    }
    [[nodiscard]] std::unique_ptr<memory::Buffer> allocate_reachable(std::size_t bytes, int, std::string&) override {
        return std::make_unique<FakeBuffer>(MemoryKind::pinned, options_.device, bytes);
    }
    [[nodiscard]] std::unique_ptr<memory::Buffer> adopt(const void* pointer, std::size_t bytes) override {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        memory::BufferFacts facts;
        facts.kind = MemoryKind::cuda;
        facts.device = options_.device;
        facts.address = facts.copy_address = reinterpret_cast<std::uintptr_t>(pointer);
        facts.bytes = bytes;
        facts.adopted = true;
        facts.gather_only = state.gather_only;
        const FakeBuffer* const buffer = buffer_at(facts.address);
        if (buffer == nullptr) throw Error(ErrorKind::bad_argument, "adopted memory is no memory of cuda:0");
        facts.allocations.push_back(buffer->allocation());
        // As with the driver: the id is asked for last, where nothing else stands against a registration.
        if (!facts.gather_only.empty()) facts.allocations.back().id = 0;
        return std::make_unique<AdoptedBuffer>(std::move(facts));
    }
    [[nodiscard]] bool matches(const memory::Buffer& adopted) const noexcept override {
        if (!adopted.adopted()) return true;
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        const FakeBuffer* const buffer = buffer_at(adopted.address());
        return buffer != nullptr && adopted.facts().allocations.front() == buffer->allocation();
    }
    void require_reachable(const void* address, std::size_t, std::string_view what) const override {
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        if (at < state.unreachable_from || at >= state.unreachable_to) return;
        throw Error(ErrorKind::bad_argument, std::string(what) + " is pageable memory, which cuda:0 cannot read");
    }
    [[nodiscard]] bool exports(memory::Mapping mapping) const noexcept override {
        return state.exports_dmabuf && mapping == memory::Mapping::plain;
    }
    [[nodiscard]] memory::Export export_dmabuf(const memory::Buffer& buffer, memory::Mapping) override {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        const FakeBuffer& whole = *buffer_at(buffer.address());
        memory::Export exported;
        exported.descriptor = Descriptor(::dup(whole.descriptor()));
        exported.offset = buffer.address() - whole.address();
        ++state.exports;
        return exported;
    }
    [[nodiscard]] std::string prepare(const memory::Buffer&) override { return {}; }
    [[nodiscard]] memory::Visibility visibility() const noexcept override { return state.visibility; }
    [[nodiscard]] std::string flush() override {
        const std::lock_guard lock(gpu::test::fake_runtime_mutex());
        ++state.flushes;
        state.launches_at_flush.push_back(gpu::test::fake_runtime().launches.size());
        return state.flush_error;
    }
    [[nodiscard]] memory::Streams* streams() override { return &streams_; }
    [[nodiscard]] std::unique_ptr<memory::CopyExecutor> make_executor(const memory::ExecutorOptions& options) override {
        std::unique_ptr<gpu::GpuCopyExecutor> executor;
        const char* call = nullptr;
        const cudaError_t status =
            gpu::GpuCopyExecutor::create(gpu::executor_settings(context_, options), executor, call);
        if (status != cudaSuccess) throw Error(ErrorKind::environment, call);
        return executor;
    }

private:
    MemoryOptions options_;
    std::shared_ptr<const gpu::PrimaryContext> context_;
    gpu::GpuStreams streams_;
};

}  // namespace

FakeGpu& fake_gpu() {
    return state;
}

void reallocate(const void* address) {
    const std::lock_guard lock(gpu::test::fake_runtime_mutex());
    live.at(reinterpret_cast<std::uintptr_t>(address))->renew();
}

void reset_fake_gpu() {
    gpu::test::reset_fake_runtime();
    gpu::test::fake_runtime().run_kernels = true;
    state = FakeGpu();
}

}  // namespace remit::worker::test

namespace remit::memory {

std::unique_ptr<Provider> open_cuda(const MemoryOptions& options) {
    return std::make_unique<worker::test::FakeMemory>(options);
}

std::optional<int> device_of(const void*) noexcept {
    return std::nullopt;
}

}  // namespace remit::memory

// The kernels by their names alone: the fake runtime copies what they are launched with.
namespace remit::gpu {
namespace {
const int kernels[4] = {};
}
const void* small_copy_kernel() noexcept {
    return &kernels[0];
}
const void* large_copy_kernel() noexcept {
    return &kernels[1];
}
const void* list_copy_kernel() noexcept {
    return &kernels[2];
}
const void* sum_kernel() noexcept {
    return &kernels[3];
}
}  // namespace remit::gpu
