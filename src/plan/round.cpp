#include "plan/round.hpp"

#include "base/checked.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::plan {
namespace {

// Widest access of the copy kernels: a write starts at a region offset congruent to its source modulo this.
constexpr std::uint64_t kWidestAccess = 16;
// Cuts inside a piece fall on multiples of this, so that both parts keep their alignment.
constexpr std::uint64_t kCutAlignment = 64;
// A scatter entry's length is 32 bits wide: no write is longer than this, whatever the port takes.
constexpr std::uint64_t kMaxWrite = 1u << 30;

/// Neighbouring pieces that touch on both sides.
struct Span {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint64_t bytes = 0;
    std::uint32_t source_registration = kUnregistered;
    std::uint32_t destination_registration = 0;
    RawPiece last;  ///< for the filler rule: where in the destination the span ends
};

class RoundPlanner {
public:
    RoundPlanner(const RoundRequest& request, const RoundSettings& settings, RoundPlan& plan)
        : request_(request), settings_(settings), plan_(plan) {}

    void add(const RawPiece& piece) {
        plan_.payload += piece.bytes;
        const Span next = span_of(piece);
        if (pending_.bytes != 0 && touches(pending_, next)) {
            pending_.bytes += next.bytes;
            pending_.last = piece;
            return;
        }
        emit_pending(piece);
        pending_ = next;
    }

    void finish() {
        emit_pending({});
        close_chunk();
    }

private:
    [[nodiscard]] Span span_of(const RawPiece& piece) const {
        const bool aux = request_.layout.segments()[piece.segment].once_per_request;
        return {piece.source,
                piece.destination,
                piece.bytes,
                aux ? kUnregistered : request_.source.map.segments[piece.segment].registration,
                request_.destination.map.segments[piece.segment].registration,
                piece};
    }

    [[nodiscard]] static bool touches(const Span& a, const Span& b) {
        return a.source + a.bytes == b.source && a.destination + a.bytes == b.destination &&
               a.source_registration == b.source_registration &&
               a.destination_registration == b.destination_registration;
    }

    [[nodiscard]] bool in_place(const Span& span) const {
        if (span.source_registration == kUnregistered) return false;
        switch (settings_.gather) {
            case Gather::always: return false;
            case Gather::never: return true;
            case Gather::automatic: return span.bytes >= settings_.in_place_bytes;
        }
        return false;
    }

    /// True where every byte between two pieces belongs to the request's own blocks, so that it may be overwritten.
    [[nodiscard]] bool gap_is_own(const RawPiece& before, const RawPiece& after) const {
        const BlockMap& map = request_.destination.map;
        const bool neighbours = after.destination_block == before.destination_block ||
                                after.destination_block == before.destination_block + 1;
        if (!neighbours) return false;
        if (map.arrangement == Arrangement::slab) return true;
        const Segment& shape = request_.layout.segments()[before.segment];
        const bool dense = map.segments[before.segment].block_stride == shape.block_bytes(map.block_size);
        return before.segment == after.segment &&
               (dense || after.destination_block == before.destination_block);
    }

    void emit_pending(const RawPiece& after) {
        if (pending_.bytes == 0) return;
        emit(pending_);
        // The span's end decides what may join the write; `after` tells whether the gap up to it may be filled.
        const std::uint64_t end = pending_.destination + pending_.bytes;
        const bool gap = after.bytes != 0 && after.destination > end;
        if (gap && !request_.part && after.destination - end <= settings_.filler_bytes && gap_is_own(pending_.last, after) &&
            request_.destination.map.segments[after.segment].registration == pending_.destination_registration) {
            fill(end, after.destination - end);
        }
    }

    void emit(const Span& span) {
        const bool direct = in_place(span);
        for (std::uint64_t done = 0; done < span.bytes;) {
            const std::uint64_t left = span.bytes - done;
            // A piece is not begun in the last bytes of a chunk or write, so that what follows stays aligned.
            const std::uint64_t least = std::min(left, kCutAlignment);
            if (chunk_room() < least + kWidestAccess) close_chunk();
            open_write(span.destination + done, span.destination_registration, least);
            const std::uint64_t taken = direct
                                            ? take_in_place(span.source + done, left, span.source_registration)
                                            : take_gathered(span.source + done, left);
            if (taken == 0) close_write();  // its scatter list is full
            done += taken;
        }
    }

    /// Zeros for a gap inside the open write; without room the write ends here instead, which is as right.
    void fill(std::uint64_t address, std::uint64_t bytes) {
        if (!write_open_ || write_.remote + write_.bytes != address) return;
        if (write_room() <= bytes || chunk_room() <= bytes + kWidestAccess) return;
        if (!joins_last_piece() && !piece_fits()) return;
        append_region(0, bytes);
    }

    void open_write(std::uint64_t remote, std::uint32_t registration, std::uint64_t least) {
        const bool continues = write_open_ && write_.remote + write_.bytes == remote &&
                               write_.registration == registration && write_room() >= least;
        if (continues) return;
        close_write();
        write_ = {remote, 0, registration, static_cast<std::uint32_t>(plan_.pieces.size()), 0};
        write_open_ = true;
    }

    [[nodiscard]] std::uint64_t write_room() const { return std::min(settings_.max_write, kMaxWrite) - write_.bytes; }
    [[nodiscard]] std::uint64_t chunk_room() const { return settings_.chunk_bytes - chunk_load_; }
    [[nodiscard]] bool piece_fits() const { return write_.pieces < settings_.max_pieces; }

    /// Bytes of a piece that fit write and chunk; a cut keeps the alignment where it can.
    [[nodiscard]] std::uint64_t cut(std::uint64_t bytes, std::uint64_t room) const {
        const std::uint64_t most = std::min(room, write_room());
        if (bytes <= most) return bytes;
        return most > kCutAlignment ? most / kCutAlignment * kCutAlignment : most;
    }

    std::uint64_t take_in_place(std::uint64_t source, std::uint64_t bytes, std::uint32_t registration) {
        if (!piece_fits()) return 0;
        const std::uint64_t taken = cut(bytes, chunk_room());
        plan_.pieces.push_back({source, static_cast<std::uint32_t>(taken), registration});
        ++write_.pieces;
        account(taken);
        return taken;
    }

    std::uint64_t take_gathered(std::uint64_t source, std::uint64_t bytes) {
        const bool joins = joins_last_piece();
        if (!joins && !piece_fits()) return 0;
        const std::uint64_t pad = joins ? 0 : (source - region_used_) % kWidestAccess;
        region_used_ += pad;
        chunk_load_ += pad;
        const std::uint64_t taken = cut(bytes, chunk_room());
        append_region(source, taken);
        return taken;
    }

    [[nodiscard]] bool joins_last_piece() const {
        if (write_.pieces == 0) return false;
        const LocalPiece& last = plan_.pieces.back();
        return last.registration == kSendRegion && last.address + last.bytes == region_used_;
    }

    void append_region(std::uint64_t source, std::uint64_t bytes) {
        if (joins_last_piece()) {
            plan_.pieces.back().bytes += static_cast<std::uint32_t>(bytes);
        } else {
            plan_.pieces.push_back({region_used_, static_cast<std::uint32_t>(bytes), kSendRegion});
            ++write_.pieces;
        }
        append_copy(source, bytes);
        region_used_ += bytes;
        account(bytes);
    }

    void append_copy(std::uint64_t source, std::uint64_t bytes) {
        if (plan_.copies.size() > chunk_.first_copy) {
            memory::Copy& last = plan_.copies.back();
            const bool both_zero = source == 0 && last.source == 0;
            const bool follows = source != 0 && last.source != 0 && last.source + last.bytes == source;
            if (last.destination + last.bytes == region_used_ && (both_zero || follows)) {
                last.bytes += bytes;
                return;
            }
        }
        plan_.copies.push_back({source, region_used_, bytes});
    }

    void account(std::uint64_t bytes) {
        write_.bytes += bytes;
        chunk_load_ += bytes;
        plan_.bytes += bytes;
        chunk_.bytes += bytes;
    }

    void close_write() {
        if (write_open_ && write_.bytes > 0) plan_.writes.push_back(write_);
        write_open_ = false;
        write_ = {};
    }

    void close_chunk() {
        close_write();
        chunk_.copies = static_cast<std::uint32_t>(plan_.copies.size()) - chunk_.first_copy;
        chunk_.writes = static_cast<std::uint32_t>(plan_.writes.size()) - chunk_.first_write;
        chunk_.region_bytes = region_used_;
        if (chunk_.writes > 0) plan_.chunks.push_back(chunk_);
        chunk_ = {static_cast<std::uint32_t>(plan_.copies.size()), 0, static_cast<std::uint32_t>(plan_.writes.size()), 0,
                  0, 0};
        chunk_load_ = region_used_ = 0;
    }

    const RoundRequest& request_;
    const RoundSettings& settings_;
    RoundPlan& plan_;
    Span pending_;
    Write write_;
    bool write_open_ = false;
    Chunk chunk_;
    std::uint64_t region_used_ = 0;  ///< of the open chunk's send region
    std::uint64_t chunk_load_ = 0;   ///< region bytes, padding, and bytes sent in place
};

tl::expected<void, std::string> check_settings(const RoundSettings& settings) {
    if (settings.max_write >= 1 && settings.chunk_bytes >= 4096 && settings.max_pieces >= 1) return {};
    return tl::unexpected(fmt::format("settings: max_write {} (at least 1), chunk_bytes {} (at least 4096), max_pieces {} (at least 1)",
                                      settings.max_write, settings.chunk_bytes, settings.max_pieces));
}

}  // namespace

void RoundPlan::clear() noexcept {
    copies.clear();
    pieces.clear();
    writes.clear();
    chunks.clear();
    bytes = payload = 0;
}

tl::expected<void, std::string> plan_round(const RoundRequest& request, const RoundSettings& settings,
                                           RoundPlan& plan) {
    plan.clear();
    if (auto valid = check_settings(settings); !valid) return valid;
    if (auto valid = order_blocks(request.layout, request.source, request.range, "source", plan.source_order); !valid) {
        return valid;
    }
    if (auto valid =
            order_blocks(request.layout, request.destination, request.range, "destination", plan.destination_order);
        !valid) {
        return valid;
    }
    if (!request.part && request.range.first != request.destination.first_token) {
        return tl::unexpected(fmt::format("the round starts at token {}; its blocks hold tokens from token {} on",
                                          request.range.first, request.destination.first_token));
    }
    for (const SegmentMap& segment : request.destination.map.segments) {
        if (segment.registration == kUnregistered) return tl::unexpected(std::string("destination is not registered"));
    }
    RoundPlanner planner(request, settings, plan);
    visit_pieces(request.layout, request.source, request.destination, request.range, request.aux_source,
                 plan.destination_order, [&](const RawPiece& piece) { planner.add(piece); });
    planner.finish();
    return {};
}

}  // namespace remit::plan
