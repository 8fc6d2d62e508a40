#include "bulk/kernel.hpp"
#include "kernels/copy_batch.cuh"

// Through shared memory by the bulk-copy engine, which one thread of a block drives. Off: nothing but the benchmark and
// the tests on a GPU launches it until it is seen to win. No CPU test sees the async proxy.

namespace remit::gpu {
namespace {

constexpr std::uint32_t kStages = 3;
constexpr std::uint32_t kStageBytes = kBulkStageSlots * kSlotBytes;
static_assert(kStages * (kStageBytes + sizeof(std::uint64_t)) <= 48 * 1024, "static shared memory");

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900

__device__ inline std::uint32_t shared_address(const void* pointer) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ inline void init_barrier(std::uint32_t barrier) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(barrier) : "memory");
}

__device__ inline void expect_bytes(std::uint32_t barrier, std::uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

__device__ inline void wait_for_bytes(std::uint32_t barrier, std::uint32_t parity) {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@!done bra again;\n"
        "}\n" ::"r"(barrier),
        "r"(parity)
        : "memory");
}

__device__ inline void load_bulk(std::uint32_t to, std::uint64_t from, std::uint32_t bytes, std::uint32_t barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
                 "l"(from), "r"(bytes), "r"(barrier)
                 : "memory");
}

__device__ inline void store_bulk(std::uint64_t to, std::uint32_t from, std::uint32_t bytes) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(to), "r"(from), "r"(bytes)
                 : "memory");
}

/// Calls visit(piece's view, slots of it in [begin, end), their offset in the stage) for each piece that a stage holds.
template <class Visit>
__device__ inline void visit_stage(const LargeBatch& batch, Range stage, std::uint32_t& index, Visit visit) {
    for (std::uint32_t at = stage.begin; at < stage.end;) {
        index = find_piece(batch.pieces, index, batch.header.pieces - 1, at);
        const PieceView piece = view_of(batch.header, batch.pieces, index);
        const std::uint32_t end = piece.end < stage.end ? piece.end : stage.end;
        const std::uint64_t offset = std::uint64_t{at - piece.begin} * kSlotBytes;
        visit(piece.source + offset, piece.destination + offset, (end - at) * kSlotBytes,
              (at - stage.begin) * kSlotBytes);
        at = end;
    }
}

/// A block's share, the next two stages on their way in while one goes out.
__device__ inline void copy_share(const LargeBatch& batch, std::byte* stages, std::uint64_t* barriers) {
    const std::uint32_t slots = batch.header.slots;
    const Deal tiles =
        tiles_of_block((slots + kBulkStageSlots - 1) / kBulkStageSlots, blockIdx.x, gridDim.x);
    const auto range_of = [&](std::uint32_t tile) {
        const std::uint32_t begin = tile * kBulkStageSlots;
        return Range{begin, begin + kBulkStageSlots < slots ? begin + kBulkStageSlots : slots};
    };
    for (std::uint32_t i = 0; i < kStages; ++i) init_barrier(shared_address(&barriers[i]));
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    const std::uint32_t count = (tiles.end - tiles.first + tiles.step - 1) / tiles.step;
    std::uint32_t loading = 0;
    std::uint32_t storing = 0;
    const auto load = [&](std::uint32_t i) {
        const Range stage = range_of(tiles.first + i * tiles.step);
        const std::uint32_t barrier = shared_address(&barriers[i % kStages]);
        const std::uint32_t memory = shared_address(stages + i % kStages * kStageBytes);
        expect_bytes(barrier, (stage.end - stage.begin) * kSlotBytes);
        visit_stage(batch, stage, loading,
                    [&](std::uint64_t source, std::uint64_t, std::uint32_t bytes, std::uint32_t offset) {
                        load_bulk(memory + offset, source, bytes, barrier);
                    });
    };
    for (std::uint32_t i = 0; i < count && i < kStages - 1; ++i) load(i);
    for (std::uint32_t i = 0; i < count; ++i) {
        wait_for_bytes(shared_address(&barriers[i % kStages]), i / kStages % 2);
        const std::uint32_t memory = shared_address(stages + i % kStages * kStageBytes);
        visit_stage(batch, range_of(tiles.first + i * tiles.step), storing,
                    [&](std::uint64_t, std::uint64_t destination, std::uint32_t bytes, std::uint32_t offset) {
                        store_bulk(destination, memory + offset, bytes);
                    });
        asm volatile("cp.async.bulk.commit_group;" ::: "memory");
        if (i + kStages - 1 >= count) continue;
        // The stage that is loaded next was read by all stores but the last group's.
        asm volatile("cp.async.bulk.wait_group.read 1;" ::: "memory");
        load(i + kStages - 1);
    }
    // Written, not only read; and seen by this thread's release, which goes another way than the engine's writes.
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
    asm volatile("fence.proxy.async;" ::: "memory");
}

#endif

__global__ void __launch_bounds__(kBulkThreads) copy_bulk(const __grid_constant__ LargeBatch batch) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    __shared__ __align__(128) std::byte stages[kStages * kStageBytes];
    __shared__ std::uint64_t barriers[kStages];
    if (threadIdx.x == 0 && batch.header.slots != 0) copy_share(batch, stages, barriers);
    device::finish_batch(batch.header);
#else
    static_cast<void>(batch);
    __trap();
#endif
}

}  // namespace

const void* bulk_copy_kernel() noexcept {
    return reinterpret_cast<const void*>(&copy_bulk);
}

}  // namespace remit::gpu
