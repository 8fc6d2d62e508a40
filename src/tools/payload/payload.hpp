#pragma once

#include <remit/layout.hpp>
#include <remit/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "tools/npy/request_folder.hpp"

namespace remit::tools {

/// Where one row of a request belongs.
struct RowPlace {
    SegmentKind kind{};
    std::uint32_t plane = 0;
    std::uint64_t token = 0;
};

/// The content of one request, row by row: what the sender fills in and the receiver compares with.
class Payload {
public:
    virtual ~Payload() = default;
    [[nodiscard]] virtual std::uint64_t tokens() const noexcept = 0;
    /// aux[0] is the length.
    [[nodiscard]] virtual Aux aux() const = 0;
    virtual void fill(const RowPlace& place, std::span<std::byte> row) const = 0;
    /// Index of the first byte that is not as it should be.
    [[nodiscard]] virtual std::optional<std::uint64_t> first_wrong(const RowPlace& place,
                                                                   std::span<const std::byte> row) const = 0;
    /// The byte that belongs at `index` of the row.
    [[nodiscard]] virtual std::byte byte_at(const RowPlace& place, std::uint64_t row_bytes,
                                            std::uint64_t index) const = 0;
};

/// Every byte is a function of seed, room, segment, plane, token and place in the row.
[[nodiscard]] std::unique_ptr<Payload> make_generated_payload(std::uint64_t seed, RoomId room, std::uint64_t tokens);
/// The request that a folder holds.
[[nodiscard]] std::unique_ptr<Payload> make_folder_payload(std::shared_ptr<const RequestFolder> folder);

/// Marks in aux[2] a request that comes from files, which a receiver without them cannot check. Generated payloads
/// have an odd aux[2].
inline constexpr std::int32_t kAuxFromFiles = 0x66696c;

}  // namespace remit::tools
