// Replaces operator new of the program, so that what the workers' threads allocate can be counted.

#include "counts/allocations.hpp"

#include <execinfo.h>
#include <link.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace counts {
namespace {

struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

std::array<Range, 32> foreign;
std::size_t foreign_count = 0;
std::atomic<std::uint64_t> total{0};
std::atomic<int> traces_left{0};
std::atomic<bool> watching{false};

enum class ThreadKind : std::uint8_t { unknown, counted, left_out };
thread_local ThreadKind kind = ThreadKind::unknown;
thread_local int left_out_depth = 0;

ThreadKind kind_of_this_thread() {
    std::array<char, 17> name{};
    prctl(PR_GET_NAME, name.data());
    return std::strncmp(name.data(), "ZMQbg", 5) == 0 ? ThreadKind::left_out : ThreadKind::counted;
}

bool is_foreign(const void* caller) {
    const auto address = reinterpret_cast<std::uintptr_t>(caller);
    for (std::size_t i = 0; i < foreign_count; ++i) {
        if (address >= foreign[i].begin && address < foreign[i].end) return true;
    }
    return false;
}

int note_library(dl_phdr_info* info, std::size_t, void*) {
    const char* name = std::strrchr(info->dlpi_name, '/');
    if (name == nullptr || foreign_count == foreign.size()) return 0;
    ++name;
    bool left_out = false;
    for (const char* prefix : {"libzmq", "libibverbs", "libmlx", "librxe"}) {
        left_out |= std::strncmp(name, prefix, std::strlen(prefix)) == 0;
    }
    for (int i = 0; left_out && i < info->dlpi_phnum && foreign_count < foreign.size(); ++i) {
        const auto& header = info->dlpi_phdr[i];
        if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
        const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
        foreign[foreign_count++] = {begin, begin + header.p_memsz};
    }
    return 0;
}

void trace() {
    if (traces_left.load(std::memory_order_relaxed) <= 0 || traces_left.fetch_sub(1) <= 0) return;
    std::array<void*, 24> stack;
    const int depth = backtrace(stack.data(), static_cast<int>(stack.size()));
    backtrace_symbols_fd(stack.data() + 3, depth > 3 ? depth - 3 : 0, STDERR_FILENO);
    static_cast<void>(!write(STDERR_FILENO, "--\n", 3));
}

void* allocate(std::size_t bytes, std::size_t alignment, const void* caller) {
    if (watching.load(std::memory_order_relaxed)) {
        if (kind == ThreadKind::unknown) kind = kind_of_this_thread();
        if (kind == ThreadKind::counted && left_out_depth == 0 && !is_foreign(caller)) {
            total.fetch_add(1, std::memory_order_relaxed);
            trace();
        }
    }
    if (bytes == 0) bytes = 1;
    if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment, const void* caller) {
    void* memory = allocate(bytes, alignment, caller);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

std::uint64_t allocations() { return total.load(); }

LeftOut::LeftOut() { ++left_out_depth; }
LeftOut::~LeftOut() { --left_out_depth; }

void watch_allocations() {
    kind = ThreadKind::left_out;
    dl_iterate_phdr(note_library, nullptr);
    std::array<void*, 1> stack;
    static_cast<void>(backtrace(stack.data(), 1));  // loads what it needs now, not within an allocation
    watching = true;
}

void trace_allocations(bool on) { traces_left = on ? 400 : 0; }

}  // namespace counts

#define CALLER __builtin_return_address(0)
void* operator new(std::size_t bytes) { return counts::allocate_or_throw(bytes, 1, CALLER); }
void* operator new[](std::size_t bytes) { return counts::allocate_or_throw(bytes, 1, CALLER); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counts::allocate(bytes, 1, CALLER); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return counts::allocate(bytes, 1, CALLER); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return counts::allocate_or_throw(bytes, static_cast<std::size_t>(alignment), CALLER);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return counts::allocate_or_throw(bytes, static_cast<std::size_t>(alignment), CALLER);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
