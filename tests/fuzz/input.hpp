#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace remit::fuzz {

/// The bytes of one case, taken from the front. Past the end everything is 0, so that each prefix is a case as well.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}

    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const std::uint8_t first = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return first;
    }
    /// One byte below 0xf8; else as many further bytes as it is above 0xf7, the lowest first.
    std::uint64_t number() {
        const std::uint8_t first = byte();
        if (first < 0xf8) return first;
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift <= 8u * (first - 0xf8u); shift += 8) value |= std::uint64_t{byte()} << shift;
        return value;
    }
    /// A length of one byte, then that many, or what is left.
    std::string text() {
        std::string out(byte(), '\0');
        if (out.size() > bytes_.size()) out.resize(bytes_.size());
        for (char& c : out) c = static_cast<char>(byte());
        return out;
    }

private:
    std::span<const std::uint8_t> bytes_;
};

}  // namespace remit::fuzz
