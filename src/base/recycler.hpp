#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <mutex>

namespace remit {

/// Memory of containers whose elements come and go: what they give back is kept, in a list a size, for those that come next.
/// So they cost no heap in steady state, while a burst's memory is not kept for ever. Pieces above 64 KiB are not kept. Owned
/// by one thread, and outlives its containers.
class Recycler final : public std::pmr::memory_resource {
public:
    Recycler() = default;
    ~Recycler() override;
    Recycler(const Recycler&) = delete;
    Recycler& operator=(const Recycler&) = delete;

private:
    struct Piece {
        Piece* next = nullptr;
    };
    struct List {
        Piece* first = nullptr;
        std::size_t bytes = 0;
    };
    // A list for every 16 bytes up to 1 KiB, then one for every power of two up to 64 KiB.
    static constexpr std::size_t kFine = 64;
    static constexpr std::size_t kLists = kFine + 6;

    [[nodiscard]] static std::size_t list_of(std::size_t bytes) noexcept;
    [[nodiscard]] static std::size_t size_of(std::size_t list) noexcept;

    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

    std::array<List, kLists> lists_{};
};

/// The same for containers of several threads.
class SharedRecycler final : public std::pmr::memory_resource {
private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        const std::lock_guard lock(mutex_);
        return pieces_.allocate(bytes, alignment);
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        const std::lock_guard lock(mutex_);
        pieces_.deallocate(memory, bytes, alignment);
    }
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

    std::mutex mutex_;
    Recycler pieces_;
};

}  // namespace remit
