#include "memory/cuda.hpp"
#include "worker/open.hpp"

#include <remit/error.hpp>
#include <remit/tensor_memory.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <thread>

namespace remit {
namespace {

constexpr std::size_t kBounce = 4u << 20;

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

}  // namespace

struct REMIT_LOCAL TensorMemory::Impl {
    explicit Impl(const MemoryOptions& options) : provider(memory::open_memory(options)) {
        if (options.kind == MemoryKind::host) return;
        std::string note;  // no node was asked for
        bounce = provider->allocate_reachable(kBounce, -1, note);
        copies = provider->make_executor(worker::executor_options(options, {.slots = 1}));
    }

    /// On a thread of its own, so that the caller's stays in its context.
    void copy(std::uint64_t from, std::uint64_t to, std::size_t bytes) {
        std::async(std::launch::async, [&] {
            copies->bind();
            const memory::Copy one{from, to, bytes};
            const memory::Ticket ticket = copies->submit({&one, 1}, 0);
            while (!copies->done(ticket)) std::this_thread::yield();
        }).get();
        if (const std::string failure = copies->failure(); !failure.empty()) {
            throw Error(ErrorKind::environment, provider->describe() + ": " + failure);
        }
    }

    std::unique_ptr<memory::Provider> provider;
    std::unique_ptr<memory::Buffer> bounce;  ///< null where the CPU reaches the memory
    std::unique_ptr<memory::CopyExecutor> copies;
    std::mutex mutex;  ///< guards what the object holds
    std::map<void*, std::unique_ptr<memory::Buffer>> buffers;
};

TensorMemory::TensorMemory(const MemoryOptions& options) {
    worker::check_options(options);
    impl_ = std::make_unique<Impl>(options);
}

TensorMemory::~TensorMemory() = default;

void* TensorMemory::allocate(std::size_t bytes) {
    auto buffer = impl_->provider->allocate(std::max<std::size_t>(bytes, 1));
    void* const memory = reinterpret_cast<void*>(buffer->copy_address());
    const std::lock_guard lock(impl_->mutex);
    impl_->buffers[memory] = std::move(buffer);
    return memory;
}

void TensorMemory::free(void* memory) {
    const std::lock_guard lock(impl_->mutex);
    if (memory == nullptr || impl_->buffers.erase(memory) == 1) return;
    throw Error(ErrorKind::misuse, fmt::format("{} is no memory that allocate() returned", memory));
}

void TensorMemory::write(void* to, std::span<const std::byte> from) {
    if (impl_->bounce == nullptr) {
        std::memcpy(to, from.data(), from.size());
        return;
    }
    const std::lock_guard lock(impl_->mutex);
    for (std::size_t at = 0; at < from.size(); at += kBounce) {
        const std::size_t bytes = std::min(kBounce, from.size() - at);
        std::memcpy(reinterpret_cast<void*>(impl_->bounce->address()), from.data() + at, bytes);
        impl_->copy(impl_->bounce->copy_address(), address_of(to) + at, bytes);
    }
}

void TensorMemory::read(const void* from, std::span<std::byte> to) {
    if (impl_->bounce == nullptr) {
        std::memcpy(to.data(), from, to.size());
        return;
    }
    const std::lock_guard lock(impl_->mutex);
    for (std::size_t at = 0; at < to.size(); at += kBounce) {
        const std::size_t bytes = std::min(kBounce, to.size() - at);
        impl_->copy(address_of(from) + at, impl_->bounce->copy_address(), bytes);
        std::memcpy(to.data() + at, reinterpret_cast<const void*>(impl_->bounce->address()), bytes);
    }
}

}  // namespace remit
