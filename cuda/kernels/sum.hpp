#pragma once

#include "kernels/batch.hpp"
#include "kernels/crc.hpp"
#include "kernels/tuning.hpp"

#include <cstdint>

/// Who reckons what of a launch that sums. A warp takes a lot, its lanes the lot's aligned 16 bytes in turn: loads stay
/// side by side, and each lane has a remainder of its own, which joins the others' by a factor.
namespace remit::gpu {

/// Bytes that lie together, of one checksum.
struct Lot {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;  ///< 1 to kLotBytes
};

struct SumHeader {
    std::uint64_t tables = 0;            ///< SumTables of the shape, in device memory
    std::uint64_t parts = 0;             ///< a 4-byte remainder for each lot and lane, as the device sees them
    std::uint32_t* ticket = nullptr;     ///< in device memory, 0 between launches
    std::uint64_t* progress = nullptr;   ///< device address of a mapped word of its own
    std::uint64_t sequence = 0;          ///< what the progress word holds when all parts are there
    std::uint32_t lots = 0;
};

/// A batch whose lots travel in the kernel's parameters.
struct SumBatch {
    static constexpr std::uint32_t capacity = (kSmallParameterBytes - sizeof(SumHeader)) / sizeof(Lot);
    SumHeader header;
    Lot lots[capacity];
};

static_assert(sizeof(Lot) == 16 && sizeof(SumBatch) <= kSmallParameterBytes && SumBatch::capacity == 253);

/// The tables of a launch, one behind the other.
template <class Shape>
struct SumTables {
    /// step[k * 256 + b]: what byte b in place k of a lane's 16 adds to its remainder at the lane's next 16.
    static constexpr std::uint32_t step_words = kSlotBytes * 256;
    /// factor[t * lanes + l]: takes a lane's remainder from its next 16 bytes back to the end of the whole ones, and
    /// on by a tail of t bytes.
    static constexpr std::uint32_t factor_words = kSlotBytes * Shape::lanes;
    static constexpr std::uint32_t words = step_words + factor_words;
};

/// Fills SumTables of a warp of that many lanes.
constexpr void fill_tables(std::uint32_t lanes, std::uint32_t* tables) {
    const std::uint32_t others = crc::power_of_x(8 * std::uint64_t{kSlotBytes} * (lanes - 1));
    std::uint32_t* const last = tables + (kSlotBytes - 1) * 256;
    for (std::uint32_t byte = 0; byte < 256; ++byte) last[byte] = crc::multiply(crc::add_byte(0, byte), others);
    for (std::uint32_t place = kSlotBytes - 1; place > 0; --place) {
        for (std::uint32_t byte = 0; byte < 256; ++byte) {
            tables[(place - 1) * 256 + byte] = crc::add_byte(tables[place * 256 + byte], 0);
        }
    }
    std::uint32_t* const factors = tables + kSlotBytes * 256;
    for (std::uint32_t tail = 0; tail < kSlotBytes; ++tail) {
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            const std::uint64_t back = 8 * std::uint64_t{kSlotBytes} * lane;
            factors[tail * lanes + lane] = crc::power_of_x(crc::kPeriod - back + 8 * std::uint64_t{tail});
        }
    }
}

/// A lot with everything said.
struct LotView {
    std::uint64_t slots = 0;   ///< address of slot 0, a multiple of 16
    std::uint32_t count = 0;   ///< slots that end inside the lot
    std::uint32_t head = 0;    ///< bytes of slot 0 before the lot
    std::uint64_t tail_at = 0;
    std::uint32_t tail = 0;    ///< bytes behind those slots, 0 to 15
};

REMIT_HOST_DEVICE constexpr LotView view_of(const Lot& lot) {
    const std::uint64_t end = lot.address + lot.bytes;
    LotView view;
    view.head = static_cast<std::uint32_t>(lot.address % kSlotBytes);
    view.slots = lot.address - view.head;
    view.count = static_cast<std::uint32_t>((end - end % kSlotBytes - view.slots) / kSlotBytes);
    view.tail_at = view.count == 0 ? lot.address : end - end % kSlotBytes;
    view.tail = static_cast<std::uint32_t>(end - view.tail_at);
    return view;
}

/// The first slot of a lane. Rows of slots are filled from their end, so that every lane ends in the last row; slots that
/// are missing at the beginning would be zeros, which add nothing.
template <class Shape>
REMIT_HOST_DEVICE constexpr std::uint32_t first_slot(std::uint32_t count, std::uint32_t lane) {
    const std::uint32_t missing = (Shape::lanes - count % Shape::lanes) % Shape::lanes;
    return lane < missing ? Shape::lanes - missing + lane : lane - missing;
}

template <class Shape>
REMIT_HOST_DEVICE constexpr std::uint32_t warps_of_block() {
    return Shape::threads / Shape::lanes;
}

/// The grid: a warp for each lot, but no more blocks than the budget, and one at least.
template <class Shape>
REMIT_HOST_DEVICE constexpr std::uint32_t sum_grid_of(std::uint32_t lots, std::uint32_t budget) {
    const std::uint32_t wanted = (lots + warps_of_block<Shape>() - 1) / warps_of_block<Shape>();
    const std::uint32_t blocks = wanted < budget ? wanted : budget;
    return blocks == 0 ? 1 : blocks;
}

}  // namespace remit::gpu
