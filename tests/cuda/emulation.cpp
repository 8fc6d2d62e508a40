#include "emulation.hpp"

#include <atomic>
#include <thread>

namespace remit::gpu::test {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

shim::Recorder recorder_of(const Case& work) {
    shim::Recorder recorder(address_of(work.destination), work.destination.size());
    for (const memory::Copy& copy : work.copies) {
        if (copy.source != 0 && copy.bytes != 0) recorder.allow_reads(copy.source, copy.source + copy.bytes);
    }
    return recorder;
}

AssertionResult same_bytes(const std::vector<std::byte>& got, const std::vector<std::byte>& expected) {
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i] != expected[i]) return AssertionFailure() << "byte " << i << " is wrong when the word says done";
    }
    return AssertionSuccess();
}

AssertionResult written_once(const Case& work, const shim::Recorder& recorder) {
    std::vector<std::uint8_t> expected(work.destination.size());
    for (const memory::Copy& copy : work.copies) {
        for (std::uint64_t i = 0; i < copy.bytes; ++i) expected[copy.destination + i] = 1;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (recorder.writes(i) == expected[i]) continue;
        return AssertionFailure() << "byte " << i << " was written " << recorder.writes(i) << " times instead of "
                                  << int{expected[i]};
    }
    return AssertionSuccess();
}

AssertionResult well_behaved(const shim::Counters& counters, std::uint64_t bytes, std::uint32_t blocks) {
    if (counters.misaligned != 0) return AssertionFailure() << counters.misaligned << " misaligned accesses";
    if (counters.reads_outside != 0) return AssertionFailure() << counters.reads_outside << " reads outside";
    if (counters.writes_outside != 0) return AssertionFailure() << counters.writes_outside << " writes outside";
    if (counters.stored != bytes) return AssertionFailure() << counters.stored << " of " << bytes << " bytes stored";
    if (counters.tickets != blocks) return AssertionFailure() << counters.tickets << " tickets, blocks: " << blocks;
    if (counters.publishes != 1) return AssertionFailure() << "published " << counters.publishes << " times";
    return AssertionSuccess();
}

}  // namespace

template <class Shape>
BatchHeader Emulator<Shape>::header() {
    BatchHeader header;
    header.ticket = &slot_.ticket;
    header.progress = &slot_.word;
    header.sequence = ++slot_.sequence;
    return header;
}

template <class Shape>
PackStatus Emulator<Shape>::prepare(const Case& work, Way way) {
    const std::uint64_t count = count_pieces(work.copies);
    const std::uint64_t base = address_of(work.destination);
    if (way == Way::fitting) {
        way = count <= SmallBatch::capacity ? Way::small : count <= LargeBatch::capacity ? Way::large : Way::list;
    }
    const auto fill = [&](auto& batch, std::span<Piece> pieces) {
        batch.header = header();
        const PackStatus status = pack(work.copies, base, pieces, batch.header);
        slots_ = batch.header.slots;
        kernel_ = shim::kernel<Shape>(batch);
        return status;
    };
    if (way == Way::small) return fill(small_, small_.pieces);
    if (way == Way::large) return fill(large_, large_.pieces);
    // Exactly as many as there are, so that the address sanitizer sees a search that goes too far.
    pieces_ = std::vector<Piece>(count);
    list_.pieces = pieces_.data();
    return fill(list_, pieces_);
}

/// Polls as the worker's thread does. The grid's end is looked at only so that a lost word ends the wait; it orders
/// nothing, as a host that polls a word orders nothing but by it.
template <class Shape>
bool Emulator<Shape>::wait() {
    std::atomic_ref<std::uint64_t> word(slot_.word);
    for (;;) {
        const bool over = grid_.over();
        if (word.load(std::memory_order_acquire) == slot_.sequence) return true;
        if (over) return false;
        std::this_thread::yield();
    }
}

template <class Shape>
AssertionResult Emulator<Shape>::run(Case& work, std::uint32_t budget, Way way) {
    const PackStatus status = prepare(work, way);
    if (status != PackStatus::packed) return AssertionFailure() << work.name << ": " << text_of(status);
    blocks_ = grid_of<Shape>(slots_, budget);
    if (blocks_ > budget) return AssertionFailure() << work.name << ": " << blocks_ << " blocks exceed the budget";
    shim::Recorder recorder = recorder_of(work);
    const std::vector<std::byte> expected = work.expected();
    grid_.start(blocks_, recorder, kernel_);
    const bool seen = wait();
    AssertionResult result = same_bytes(work.destination, expected);
    counters_ = grid_.finish();
    if (!seen) return AssertionFailure() << work.name << ": the progress word never showed the sequence";
    if (result) result = written_once(work, recorder);
    if (result) result = well_behaved(counters_, work.bytes(), blocks_);
    if (result && slot_.ticket != 0) result = AssertionFailure() << "the ticket is left at " << slot_.ticket;
    if (!result) return AssertionFailure() << work.name << ", budget " << budget << ": " << result.message();
    return result;
}

template class Emulator<shim::SmallShape>;
template class Emulator<CopyShape>;

Emulator<shim::SmallShape>& small_blocks() {
    static Emulator<shim::SmallShape> emulator;
    return emulator;
}

Emulator<CopyShape>& real_blocks() {
    static Emulator<CopyShape> emulator;
    return emulator;
}

}  // namespace remit::gpu::test
