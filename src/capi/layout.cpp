#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/sized.hpp"

using remit::Error;
using remit::ErrorKind;
using remit::capi::guarded;
using remit::capi::needed;

namespace {

static_assert(static_cast<int>(remit::DType::int32) == REMIT_INT32);
static_assert(static_cast<int>(remit::SegmentKind::deepstack_embeddings) == REMIT_DEEPSTACK_EMBEDDINGS);
static_assert(remit::kAuxItems == REMIT_AUX_ITEMS);
static_assert(remit::kMaxRoomId == REMIT_MAX_ROOM);

remit::DType dtype_of(remit_dtype dtype) {
    if (dtype >= REMIT_BF16 && dtype <= REMIT_INT32) return static_cast<remit::DType>(dtype);
    throw Error(ErrorKind::bad_argument, fmt::format("shape.dtype is {}; permitted: {} to {}", dtype, REMIT_BF16, REMIT_FP8));
}

}  // namespace

remit_code remit_layout_multimodal(const remit_shape* given, remit_layout** layout) {
    return guarded([&] {
        needed(layout, "layout");
        const remit_shape shape = remit::capi::read_sized(given, REMIT_SHAPE_INIT, "shape");
        if (shape.slab > 1 || shape.reserved != 0) {
            throw Error(ErrorKind::bad_argument, fmt::format("shape.slab is {} and shape.reserved {}; permitted: 0 or 1, and 0",
                                                             shape.slab, shape.reserved));
        }
        *layout = new remit_layout{remit::Layout::multimodal(
            {.block_size = shape.block_size,
             .hidden = shape.hidden,
             .dtype = dtype_of(shape.dtype),
             .deepstack = shape.deepstack,
             .arrangement = shape.slab != 0 ? remit::Arrangement::slab : remit::Arrangement::segments})};
    });
}

void remit_layout_destroy(remit_layout* layout) { delete layout; }

remit_code remit_layout_segments(const remit_layout* layout, size_t* count) {
    return guarded([&] { needed(count, "count") = needed(layout, "layout").value.segments().size(); });
}

remit_code remit_layout_segment(const remit_layout* layout, size_t index, remit_segment* segment) {
    return guarded([&] {
        const auto& segments = needed(layout, "layout").value.segments();
        if (index >= segments.size()) {
            throw Error(ErrorKind::bad_argument, fmt::format("index is {}; permitted: 0 to {}", index, segments.size() - 1));
        }
        const remit::Segment& s = segments[index];
        remit::capi::write_sized(remit_segment{0, static_cast<remit_segment_kind>(s.kind), static_cast<remit_dtype>(s.dtype),
                                               s.planes, s.once_per_request ? 1u : 0u, s.token_bytes},
                                 segment, "segment");
    });
}

remit_code remit_layout_blocks_for(const remit_layout* layout, uint64_t tokens, uint64_t* blocks) {
    return guarded([&] { needed(blocks, "blocks") = needed(layout, "layout").value.blocks_for(tokens); });
}

remit_code remit_layout_payload_bytes(const remit_layout* layout, uint64_t tokens, uint64_t* bytes) {
    return guarded([&] { needed(bytes, "bytes") = needed(layout, "layout").value.payload_bytes(tokens); });
}

remit_code remit_layout_pool_bytes(const remit_layout* layout, uint32_t blocks, uint64_t* bytes) {
    return guarded([&] { needed(bytes, "bytes") = remit::pool_bytes(needed(layout, "layout").value, blocks); });
}
