#include <cstring>

#include "tools/payload/payload.hpp"

namespace remit::tools {
namespace {

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

constexpr std::uint64_t combine(std::uint64_t key, std::uint64_t value) noexcept {
    return mix(key + 0x9e3779b97f4a7c15U + mix(value + 0x632be59bd9b4e019U));
}

constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;

constexpr std::uint64_t word(std::uint64_t key, std::uint64_t index) noexcept {
    return mix(key + (index + 1) * kStep);
}

class GeneratedPayload final : public Payload {
public:
    GeneratedPayload(std::uint64_t seed, RoomId room, std::uint64_t tokens)
        : key_(combine(combine(0, seed), room)), tokens_(tokens) {}

    std::uint64_t tokens() const noexcept override { return tokens_; }

    Aux aux() const override {
        Aux aux{};
        fill({SegmentKind::aux_datas, 0, 0}, std::as_writable_bytes(std::span(aux)));
        aux[0] = static_cast<std::int32_t>(tokens_);
        aux[2] |= 1;
        return aux;
    }

    void fill(const RowPlace& place, std::span<std::byte> row) const override {
        const std::uint64_t key = row_key(place);
        const std::size_t words = row.size() / sizeof(std::uint64_t);
        for (std::size_t i = 0; i < words; ++i) {
            const std::uint64_t value = word(key, i);
            std::memcpy(row.data() + i * sizeof value, &value, sizeof value);
        }
        const std::uint64_t last = word(key, words);
        std::memcpy(row.data() + words * sizeof last, &last, row.size() - words * sizeof last);
    }

    std::optional<std::uint64_t> first_wrong(const RowPlace& place, std::span<const std::byte> row) const override {
        const std::uint64_t key = row_key(place);
        const std::size_t words = row.size() / sizeof(std::uint64_t);
        std::uint64_t difference = 0;
        for (std::size_t i = 0; i < words; ++i) {
            std::uint64_t value = 0;
            std::memcpy(&value, row.data() + i * sizeof value, sizeof value);
            difference |= value ^ word(key, i);
        }
        const std::uint64_t last = word(key, words);
        const std::size_t rest = row.size() - words * sizeof last;
        const bool tail_right = std::memcmp(row.data() + words * sizeof last, &last, rest) == 0;
        if (difference == 0 && tail_right) return std::nullopt;
        return search(place, row);
    }

    std::byte byte_at(const RowPlace& place, std::uint64_t, std::uint64_t index) const override {
        const std::uint64_t value = word(row_key(place), index / sizeof(std::uint64_t));
        std::byte bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        return bytes[index % sizeof value];
    }

private:
    [[nodiscard]] std::uint64_t row_key(const RowPlace& place) const noexcept {
        const std::uint64_t segment = static_cast<std::uint64_t>(place.kind) << 32 | place.plane;
        return combine(combine(key_, segment), place.token);
    }

    [[nodiscard]] std::optional<std::uint64_t> search(const RowPlace& place, std::span<const std::byte> row) const {
        for (std::uint64_t i = 0; i < row.size(); ++i) {
            if (row[i] != byte_at(place, row.size(), i)) return i;
        }
        return std::nullopt;
    }

    std::uint64_t key_;
    std::uint64_t tokens_;
};

}  // namespace

std::unique_ptr<Payload> make_generated_payload(std::uint64_t seed, RoomId room, std::uint64_t tokens) {
    return std::make_unique<GeneratedPayload>(seed, room, tokens);
}

}  // namespace remit::tools
