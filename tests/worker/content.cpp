#include "content.hpp"

#include <cstdlib>
#include <cstring>
#include <thread>

namespace remit::worker::test {
namespace {

constexpr std::uint64_t kGuard = 4096;
constexpr int kPoison = 0xa5;  // what a destination holds before anything arrives

constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

constexpr std::uint64_t combine(std::uint64_t key, std::uint64_t value) noexcept {
    return mix(key * 31 + 0x9e3779b97f4a7c15U + mix(value + 1));
}

constexpr std::byte guard_byte(std::uint64_t index) noexcept {
    return static_cast<std::byte>((index * 197 + 91) & 0xff);
}

void paint_guard(std::byte* guard) {
    for (std::uint64_t i = 0; i < kGuard; ++i) guard[i] = guard_byte(i);
}

bool guard_is_whole(const std::byte* guard) {
    for (std::uint64_t i = 0; i < kGuard; ++i) {
        if (guard[i] != guard_byte(i)) return false;
    }
    return true;
}

}  // namespace

std::chrono::milliseconds scaled(long milliseconds) {
    const char* text = std::getenv("REMIT_TIME_SCALE");
    const double scale = text == nullptr ? 1.0 : std::strtod(text, nullptr);
    return std::chrono::milliseconds(static_cast<long>(static_cast<double>(milliseconds) * (scale > 0 ? scale : 1.0)));
}

bool comes_true(const std::function<bool()>& condition, long milliseconds) {
    const auto deadline = std::chrono::steady_clock::now() + scaled(milliseconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(200));  // between two looks
    }
    return true;
}

void Content::fill(std::size_t segment, std::uint32_t plane, std::uint64_t token, std::span<std::byte> row) const {
    const std::uint64_t key = combine(combine(combine(room, seed), segment << 8 | plane), token);
    for (std::size_t i = 0; i < row.size(); i += sizeof key) {
        const std::uint64_t word = mix(key + (i + 1) * 0x9e3779b97f4a7c15U);
        std::memcpy(row.data() + i, &word, std::min(sizeof word, row.size() - i));
    }
}

Aux Content::aux() const {
    Aux aux{};
    fill(255, 0, 0, std::as_writable_bytes(std::span(aux)));
    aux[0] = static_cast<std::int32_t>(tokens);
    return aux;
}

std::string first_wrong_row(const Layout& layout, const Content& content, const RowAt& row_at) {
    for (std::size_t s = 0; s < layout.segments().size(); ++s) {
        const Segment& segment = layout.segments()[s];
        if (segment.once_per_request) continue;
        std::vector<std::byte> expected(segment.token_bytes);
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t token = 0; token < content.tokens; ++token) {
                content.fill(s, plane, token, expected);
                if (std::memcmp(row_at(s, plane, token), expected.data(), expected.size()) == 0) continue;
                return std::string(to_string(segment.kind)) + " of room " + std::to_string(content.room) +
                       " is wrong in plane " + std::to_string(plane) + ", token " + std::to_string(token);
            }
        }
    }
    return "";
}

Tensors::Tensors(const Layout& layout, std::uint64_t tokens) : layout_(layout), tokens_(tokens) {
    for (const Segment& segment : layout_.segments()) {
        const std::uint64_t bytes = segment.once_per_request ? 0 : segment.token_bytes * segment.planes * tokens;
        bytes_.push_back(bytes);
        areas_.push_back(std::make_unique<std::byte[]>(bytes + 2 * kGuard));
        paint_guard(areas_.back().get());
        std::memset(areas_.back().get() + kGuard, kPoison, bytes);
        paint_guard(areas_.back().get() + kGuard + bytes);
    }
}

std::vector<void*> Tensors::addresses() const {
    std::vector<void*> out;
    for (std::size_t s = 0; s < areas_.size(); ++s) out.push_back(bytes_[s] == 0 ? nullptr : areas_[s].get() + kGuard);
    return out;
}

std::byte* Tensors::row(std::size_t segment, std::uint32_t plane, std::uint64_t token) const {
    return areas_.at(segment).get() + kGuard + (plane * tokens_ + token) * layout_.segments()[segment].token_bytes;
}

void Tensors::fill(const Content& content) {
    for (std::size_t s = 0; s < areas_.size(); ++s) {
        const Segment& segment = layout_.segments()[s];
        if (segment.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t token = 0; token < tokens_; ++token) {
                content.fill(s, plane, token, {row(s, plane, token), segment.token_bytes});
            }
        }
    }
}

std::string Tensors::guard_fault() const {
    for (std::size_t s = 0; s < areas_.size(); ++s) {
        const std::string name(to_string(layout_.segments()[s].kind));
        if (!guard_is_whole(areas_[s].get())) return "stray write before " + name;
        if (!guard_is_whole(areas_[s].get() + kGuard + bytes_[s])) return "stray write behind " + name;
    }
    return "";
}

std::string Tensors::fault(const Content& content) const {
    if (content.tokens != tokens_) {
        return std::to_string(tokens_) + " tokens of space for " + std::to_string(content.tokens);
    }
    const std::string guard = guard_fault();
    if (!guard.empty()) return guard;
    return first_wrong_row(layout_, content,
                           [this](std::size_t s, std::uint32_t p, std::uint64_t t) { return row(s, p, t); });
}

}  // namespace remit::worker::test
