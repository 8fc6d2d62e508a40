#pragma once

#include "memory/copy.hpp"
#include "plan/pieces.hpp"

#include <remit/options.hpp>

#include <cstdint>
#include <limits>

namespace remit::plan {

/// What a round moves. Block tables and maps are read during plan_round() only.
struct RoundRequest {
    const Layout& layout;          ///< the segments, which both sides share
    Side source;                   ///< local keys; tokens from 0 on
    Side destination;              ///< remote keys; the round's blocks hold tokens from range.first on
    TokenRange range;              ///< tokens of this round
    std::uint64_t aux_source = 0;  ///< address of the request's aux with token 0, else 0
    /// `range` is only a part of the round: other tokens lie in the same blocks, so that nothing between two pieces may
    /// be written as filler.
    bool part = false;
};

struct RoundSettings {
    Gather gather = Gather::automatic;
    std::uint64_t max_write = 8u << 20;        ///< the port's max_msg_sz, bytes
    std::uint64_t chunk_bytes = 4u << 20;      ///< size of a send region
    std::uint64_t in_place_bytes = 64u << 10;  ///< Gather::automatic: registered pieces of at least this are sent in place
    std::uint32_t max_pieces = 16;             ///< scatter entries of one work request
    /// Unused bytes of the request's own blocks between two pieces are written as zeros rather than cutting the
    /// write in two, up to this many.
    std::uint64_t filler_bytes = 4096;
};

inline constexpr std::uint32_t kSendRegion = std::numeric_limits<std::uint32_t>::max();

/// One entry of a write's scatter list.
struct LocalPiece {
    std::uint64_t address = 0;  ///< offset into the send region where registration is kSendRegion
    std::uint32_t bytes = 0;
    std::uint32_t registration = kSendRegion;  ///< else index into the source map's registrations
};

struct Write {
    std::uint64_t remote = 0;
    std::uint64_t bytes = 0;
    std::uint32_t registration = 0;  ///< index into the destination map's registrations
    std::uint32_t first_piece = 0;
    std::uint32_t pieces = 0;
};

/// What one send region carries, together with what is sent in place beside it.
struct Chunk {
    std::uint32_t first_copy = 0;
    std::uint32_t copies = 0;
    std::uint32_t first_write = 0;
    std::uint32_t writes = 0;
    std::uint64_t region_bytes = 0;  ///< used part of the send region
    std::uint64_t bytes = 0;         ///< on the wire
};

/// A planned round: copies into send regions (destination: offset in the region) and the writes from them.
/// Kept and reused by its owner, so that planning allocates nothing once it has grown.
struct RoundPlan {
    std::vector<memory::Copy> copies;
    std::vector<LocalPiece> pieces;
    std::vector<Write> writes;
    std::vector<Chunk> chunks;
    std::uint64_t bytes = 0;    ///< on the wire, filler included
    std::uint64_t payload = 0;  ///< of the request

    BlockOrder destination_order;  ///< scratch
    BlockOrder source_order;       ///< scratch
    void clear() noexcept;
};

/// Plans one round, a pure function: destination pieces in ascending address order, merged, cut at max_write,
/// at registrations and at chunks (design: copies that touch on both sides become one copy, writes that touch on
/// both sides become one write). Refuses, before anything is posted, what would touch a byte outside the
/// destination's registrations; the error names the values.
/// Each write starts at a region offset congruent to its source modulo 16, so that copies can use wide loads and stores.
[[nodiscard]] tl::expected<void, std::string> plan_round(const RoundRequest& request, const RoundSettings& settings,
                                                         RoundPlan& plan);

}  // namespace remit::plan
