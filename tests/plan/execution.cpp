#include "execution.hpp"

#include "memory/host_copy.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace remit::plan {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

constexpr std::uint64_t kWidth = 16;

/// The state of one destination byte while writes land.
struct Landed {
    std::vector<std::uint8_t> writes;
    std::vector<std::uint8_t> own;  ///< inside a block of the round: its segments, or its slab
};

Landed own_bytes(const RoundRequest& request, const MemoryPool& destination) {
    Landed landed{std::vector<std::uint8_t>(destination.bytes.size()),
                  std::vector<std::uint8_t>(destination.bytes.size())};
    const BlockMap& map = destination.map;
    const std::uint64_t blocks = ceil_div(request.range.count, map.block_size);
    const auto mark = [&](std::uint64_t address, std::uint64_t bytes) {
        std::fill_n(landed.own.begin() + static_cast<std::ptrdiff_t>(address - destination.start()), bytes, 1);
    };
    for (std::uint64_t place = 0; place < blocks; ++place) {
        const BlockId block = request.destination.table[place];
        std::uint64_t first = ~std::uint64_t{0};
        std::uint64_t end = 0;
        for (std::size_t s = 0; s < map.segments.size(); ++s) {
            const std::uint64_t at = map.segments[s].base + block * map.segments[s].block_stride;
            const std::uint64_t bytes = request.layout.segments()[s].block_bytes(map.block_size);
            mark(at, bytes);
            first = std::min(first, at);
            end = std::max(end, at + bytes);
        }
        // The padding between a slab's segments and up to the next cache line is the slab's own.
        if (map.arrangement == Arrangement::slab) {
            mark(first, std::min(align_up(end - first, 64), map.segments[0].block_stride));
        }
    }
    return landed;
}

AssertionResult check_copies(const RoundPlan& plan, const Chunk& chunk, std::vector<std::uint8_t>& filled) {
    for (std::uint32_t i = chunk.first_copy; i < chunk.first_copy + chunk.copies; ++i) {
        const memory::Copy& copy = plan.copies[i];
        if (copy.bytes == 0) return AssertionFailure() << "an empty copy";
        if (copy.destination + copy.bytes > chunk.region_bytes) return AssertionFailure() << "copy leaves its region";
        for (std::uint64_t b = copy.destination; b < copy.destination + copy.bytes; ++b) {
            if (filled[b]++ != 0) return AssertionFailure() << "region byte " << b << " is copied to twice";
        }
        if (i == chunk.first_copy) continue;
        const memory::Copy& last = plan.copies[i - 1];
        const bool source = copy.source == 0 ? last.source == 0 : last.source + last.bytes == copy.source;
        if (source && last.destination + last.bytes == copy.destination && (copy.source == 0 || last.source != 0)) {
            return AssertionFailure() << "copies that touch on both sides were not merged";
        }
    }
    return AssertionSuccess();
}

AssertionResult check_write(const RoundRequest& request, const RoundSettings& settings, const Write& write) {
    const BlockMap& map = request.destination.map;
    if (write.bytes == 0 || write.bytes > settings.max_write) {
        return AssertionFailure() << "a write of " << write.bytes << " bytes";
    }
    if (write.pieces == 0 || write.pieces > settings.max_pieces) {
        return AssertionFailure() << "a write of " << write.pieces << " pieces";
    }
    if (write.registration >= map.registrations.size()) return AssertionFailure() << "an unknown registration";
    const Registration& registration = map.registrations[write.registration];
    if (write.remote < registration.address ||
        write.remote + write.bytes > registration.address + registration.length) {
        return AssertionFailure() << "a write crosses its registration";
    }
    return AssertionSuccess();
}

/// Where a gathered piece begins a write, region offset and source agree modulo the widest access.
AssertionResult check_alignment(const RoundPlan& plan, const Chunk& chunk, const LocalPiece& piece) {
    for (std::uint32_t i = chunk.first_copy; i < chunk.first_copy + chunk.copies; ++i) {
        const memory::Copy& copy = plan.copies[i];
        if (piece.address < copy.destination || piece.address >= copy.destination + copy.bytes) continue;
        const std::uint64_t source = copy.source + (piece.address - copy.destination);
        if (copy.source != 0 && source % kWidth == piece.address % kWidth) return AssertionSuccess();
        return AssertionFailure() << "region offset " << piece.address << " and source " << source
                                  << " are not congruent modulo 16";
    }
    return AssertionFailure() << "a piece of region bytes that no copy fills";
}

/// The bytes of one piece, or null where it leaves what it may read.
const std::byte* piece_bytes(const RoundRequest& request, const LocalPiece& piece, const Chunk& chunk,
                             const std::vector<std::byte>& region, const std::vector<std::uint8_t>& filled) {
    if (piece.registration == kSendRegion) {
        if (piece.address + piece.bytes > chunk.region_bytes) return nullptr;
        const auto first = filled.begin() + static_cast<std::ptrdiff_t>(piece.address);
        const bool whole = std::all_of(first, first + piece.bytes, [](std::uint8_t copies) { return copies == 1; });
        return whole ? region.data() + piece.address : nullptr;
    }
    if (piece.registration >= request.source.map.registrations.size()) return nullptr;
    const Registration& registration = request.source.map.registrations[piece.registration];
    const bool inside = piece.address >= registration.address &&
                        piece.address + piece.bytes <= registration.address + registration.length;
    return inside ? reinterpret_cast<const std::byte*>(piece.address) : nullptr;
}

AssertionResult check_bytes(const std::vector<Expected>& reference, const Landed& landed,
                            const std::vector<std::byte>& before, const MemoryPool& destination) {
    for (std::size_t i = 0; i < reference.size(); ++i) {
        const std::byte now = destination.bytes[i];
        if (reference[i].source != 0) {
            if (landed.writes[i] != 1) return AssertionFailure() << "payload byte " << i << " is not written once";
            if (now != *reinterpret_cast<const std::byte*>(reference[i].source)) {
                return AssertionFailure() << "payload byte " << i << " is wrong";
            }
        } else if (landed.writes[i] != 0) {
            if (!landed.own[i]) return AssertionFailure() << "byte " << i << " of somebody else is written";
            if (now != std::byte{0}) return AssertionFailure() << "filler byte " << i << " is not zero";
        } else if (now != before[i]) {
            return AssertionFailure() << "byte " << i << " changed";
        }
    }
    return AssertionSuccess();
}

}  // namespace

std::vector<Expected> reference_of(const RoundRequest& request, const MemoryPool& destination) {
    std::vector<Expected> reference(destination.bytes.size());
    const auto byte = [&](std::uint64_t address) -> Expected& { return reference.at(address - destination.start()); };
    for (std::size_t s = 0; s < request.layout.segments().size(); ++s) {
        const Segment& shape = request.layout.segments()[s];
        const SegmentMap& from = request.source.map.segments[s];
        const SegmentMap& to = destination.map.segments[s];
        if (shape.once_per_request) {
            if (request.aux_source == 0) continue;
            const std::uint64_t at = to.base + request.destination.table[0] * to.block_stride;
            for (std::uint64_t b = 0; b < sizeof(Aux); ++b) byte(at + b) = {request.aux_source + b};
            continue;
        }
        for (std::uint64_t token = request.range.first; token < request.range.first + request.range.count; ++token) {
            const std::uint64_t read = token - request.source.first_token;
            const std::uint64_t write = token - request.destination.first_token;
            const std::uint64_t from_bs = request.source.map.block_size;
            const std::uint64_t to_bs = destination.map.block_size;
            for (std::uint64_t plane = 0; plane < shape.planes; ++plane) {
                const std::uint64_t source = from.base + request.source.table[read / from_bs] * from.block_stride +
                                             plane * from_bs * shape.token_bytes + read % from_bs * shape.token_bytes;
                const std::uint64_t at = to.base + request.destination.table[write / to_bs] * to.block_stride +
                                         plane * to_bs * shape.token_bytes + write % to_bs * shape.token_bytes;
                for (std::uint64_t b = 0; b < shape.token_bytes; ++b) byte(at + b) = {source + b};
            }
        }
    }
    return reference;
}

AssertionResult execute(const RoundRequest& request, const RoundSettings& settings, const RoundPlan& plan,
                        MemoryPool& destination) {
    const std::vector<Expected> reference = reference_of(request, destination);
    const std::vector<std::byte> before = destination.bytes;
    Landed landed = own_bytes(request, destination);
    memory::HostCopyExecutor copier;
    std::uint64_t copies = 0;
    std::uint64_t writes = 0;
    std::uint64_t pieces = 0;
    std::uint64_t bytes = 0;
    std::uint64_t last_remote = 0;
    for (const Chunk& chunk : plan.chunks) {
        if (chunk.first_copy != copies || chunk.first_write != writes || chunk.writes == 0) {
            return AssertionFailure() << "chunks do not partition copies and writes";
        }
        if (chunk.region_bytes > settings.chunk_bytes) return AssertionFailure() << "a chunk outgrows its region";
        std::vector<std::byte> region(chunk.region_bytes, std::byte{0xee});
        std::vector<std::uint8_t> filled(chunk.region_bytes);
        if (auto ok = check_copies(plan, chunk, filled); !ok) return ok;
        const std::span<const memory::Copy> batch(plan.copies.data() + chunk.first_copy, chunk.copies);
        const auto ticket = copier.submit(batch, reinterpret_cast<std::uintptr_t>(region.data()));
        if (!copier.done(ticket)) return AssertionFailure() << "the copies are not done";
        copies += chunk.copies;
        std::uint64_t chunk_bytes = 0;
        for (; writes < chunk.first_write + std::uint64_t{chunk.writes}; ++writes) {
            const Write& write = plan.writes[writes];
            if (auto ok = check_write(request, settings, write); !ok) return ok;
            if (write.first_piece != pieces) return AssertionFailure() << "writes do not partition the pieces";
            if (write.remote < last_remote) return AssertionFailure() << "writes do not ascend";
            std::uint64_t at = write.remote;
            for (std::uint32_t i = 0; i < write.pieces; ++i, ++pieces) {
                const LocalPiece& piece = plan.pieces[pieces];
                if (i == 0 && piece.registration == kSendRegion) {
                    if (auto ok = check_alignment(plan, chunk, piece); !ok) return ok;
                }
                const std::byte* from = piece_bytes(request, piece, chunk, region, filled);
                if (from == nullptr || piece.bytes == 0) return AssertionFailure() << "a piece leaves what it may read";
                std::memcpy(destination.bytes.data() + (at - destination.start()), from, piece.bytes);
                for (std::uint64_t b = 0; b < piece.bytes; ++b) ++landed.writes.at(at - destination.start() + b);
                at += piece.bytes;
            }
            if (at != write.remote + write.bytes) return AssertionFailure() << "pieces and bytes of a write differ";
            last_remote = at;
            chunk_bytes += write.bytes;
        }
        if (chunk_bytes != chunk.bytes) return AssertionFailure() << "bytes of a chunk are miscounted";
        bytes += chunk_bytes;
    }
    if (copies != plan.copies.size() || writes != plan.writes.size() || pieces != plan.pieces.size()) {
        return AssertionFailure() << "chunks leave out copies, writes or pieces";
    }
    const auto payload =
        std::count_if(reference.begin(), reference.end(), [](const Expected& e) { return e.source != 0; });
    if (plan.payload != static_cast<std::uint64_t>(payload)) return AssertionFailure() << "payload is miscounted";
    if (plan.bytes != bytes) return AssertionFailure() << "bytes are miscounted";
    return check_bytes(reference, landed, before, destination);
}

}  // namespace remit::plan
