#pragma once

#include <remit/layout.hpp>
#include <remit/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What the tests send, and how they see that exactly that has arrived.
namespace remit::worker::test {

/// A deadline for this machine: REMIT_TIME_SCALE stretches it.
[[nodiscard]] std::chrono::milliseconds scaled(long milliseconds);

/// Asks again and again until `condition` holds or the deadline has passed; returns whether it holds.
[[nodiscard]] bool comes_true(const std::function<bool()>& condition, long milliseconds = 20'000);

/// Content of one request: every byte is a function of room, seed, segment, plane, token and place in the row.
struct Content {
    RoomId room = 0;
    std::uint64_t tokens = 0;
    std::uint64_t seed = 1;

    void fill(std::size_t segment, std::uint32_t plane, std::uint64_t token, std::span<std::byte> row) const;
    [[nodiscard]] Aux aux() const;
};

/// Where a row is read: segment index, plane, token.
using RowAt = std::function<const std::byte*(std::size_t, std::uint32_t, std::uint64_t)>;

/// Compares every byte of every row; says what is wrong first, or "".
[[nodiscard]] std::string first_wrong_row(const Layout& layout, const Content& content, const RowAt& row_at);

/// Contiguous tensors of one request, one a segment, each between two guard areas that show a stray write.
class Tensors {
public:
    Tensors(const Layout& layout, std::uint64_t tokens);

    [[nodiscard]] std::vector<void*> addresses() const;  ///< null for aux, which is no tensor
    [[nodiscard]] std::byte* row(std::size_t segment, std::uint32_t plane, std::uint64_t token) const;
    void fill(const Content& content);
    /// "", or what is wrong: a byte of a row or of a guard.
    [[nodiscard]] std::string fault(const Content& content) const;
    [[nodiscard]] std::string guard_fault() const;
    [[nodiscard]] std::uint64_t tokens() const noexcept { return tokens_; }

private:
    Layout layout_;
    std::uint64_t tokens_;
    std::vector<std::unique_ptr<std::byte[]>> areas_;
    std::vector<std::uint64_t> bytes_;
};

}  // namespace remit::worker::test
