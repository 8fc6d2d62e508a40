#include "base/recycler.hpp"

#include <bit>
#include <new>

namespace remit {
namespace {

// Sizes of pieces are those that the heap gives anyway: 8 more than multiples of 16, which its own 8 bytes fill up.
constexpr std::size_t kGrain = 16;
constexpr std::size_t kLeast = 24;
constexpr std::size_t kLargestFine = 1032;
constexpr std::size_t kLargest = 64u << 10;
// Of one size; enough for a thousand of the small nodes that come most often.
constexpr std::size_t kMostKept = 128u << 10;

// The address sanitizer is to see the use of what was given back.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycles = false;
#elif defined(__has_feature)
constexpr bool kRecycles = !__has_feature(address_sanitizer);
#else
constexpr bool kRecycles = true;
#endif

bool is_kept(std::size_t bytes, std::size_t alignment) noexcept {
    return kRecycles && bytes <= kLargest && alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
}

}  // namespace

Recycler::~Recycler() {
    for (std::size_t list = 0; list < kLists; ++list) {
        for (Piece* piece = lists_[list].first; piece != nullptr;) {
            Piece* const next = piece->next;
            ::operator delete(piece);
            piece = next;
        }
    }
}

std::size_t Recycler::list_of(std::size_t bytes) noexcept {
    if (bytes <= kLeast) return 0;
    if (bytes <= kLargestFine) return (bytes - kLeast + kGrain - 1) / kGrain;
    return kFine + static_cast<std::size_t>(std::bit_width((bytes - 1) / kLargestFine)) - 1;
}

std::size_t Recycler::size_of(std::size_t list) noexcept {
    return list < kFine ? kLeast + list * kGrain : (2 * kLargestFine) << (list - kFine);
}

void* Recycler::do_allocate(std::size_t bytes, std::size_t alignment) {
    if (!is_kept(bytes, alignment)) return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    const std::size_t index = list_of(bytes);
    List& list = lists_[index];
    if (list.first == nullptr) return ::operator new(size_of(index));
    Piece* const piece = list.first;
    list.first = piece->next;
    list.bytes -= size_of(index);
    return piece;
}

void Recycler::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
    if (!is_kept(bytes, alignment)) return std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    const std::size_t index = list_of(bytes);
    List& list = lists_[index];
    if (list.bytes + size_of(index) > kMostKept) return ::operator delete(memory);
    list.first = ::new (memory) Piece{list.first};
    list.bytes += size_of(index);
}

}  // namespace remit
