#include "tools/run/collect.hpp"

#include <vector>

namespace remit::tools {
namespace {

std::vector<std::byte> collect_segment(const Segment& segment, std::size_t index, std::uint64_t tokens,
                                       const RowReader& read) {
    std::vector<std::byte> data;
    data.reserve(segment.planes * tokens * segment.token_bytes);
    for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
        for (std::uint64_t token = 0; token < tokens; ++token) {
            const auto row = read(index, plane, token);
            data.insert(data.end(), row.begin(), row.end());
        }
    }
    return data;
}

}  // namespace

RequestFolder collect(const Layout& layout, std::uint64_t tokens, const RowReader& read) {
    RequestFolder request;
    request.tokens = tokens;
    request.hidden = layout.shape().hidden;
    request.dtype = layout.shape().dtype;
    request.deepstack = layout.shape().deepstack;
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        const Segment& segment = layout.segments()[i];
        if (segment.once_per_request) continue;
        std::vector<std::byte> data = collect_segment(segment, i, tokens, read);
        if (segment.kind == SegmentKind::embeddings) request.embeddings = std::move(data);
        if (segment.kind == SegmentKind::fill_ids) request.fill_ids = std::move(data);
        if (segment.kind == SegmentKind::mrope_positions) request.mrope_positions = std::move(data);
        if (segment.kind == SegmentKind::deepstack_embeddings) request.deepstack_embeddings = std::move(data);
    }
    return request;
}

std::uint64_t bytes_of(const Layout& layout, std::uint64_t first_token, std::uint64_t tokens) {
    std::uint64_t bytes = 0;
    for (const Segment& segment : layout.segments()) {
        if (!segment.once_per_request)
            bytes += segment.token_bytes * segment.planes * tokens;
        else if (first_token == 0 && tokens > 0)
            bytes += segment.token_bytes * segment.planes;
    }
    return bytes;
}

}  // namespace remit::tools
