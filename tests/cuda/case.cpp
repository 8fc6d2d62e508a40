#include "case.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace remit::gpu::test {
namespace {

void fill_random(std::vector<std::byte>& bytes, Random& random) {
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        const std::uint64_t word = random();
        std::memcpy(&bytes[at], &word, 8);
    }
    for (; at < bytes.size(); ++at) bytes[at] = static_cast<std::byte>(random());
}

/// What one kind of data of a layout looks like: planes of tokens.
struct Segment {
    std::uint64_t planes;
    std::uint64_t token_bytes;
};

/// The tokens of each block of a request, segment by segment, placed as a region takes them: each run starts
/// congruent to its source modulo 16.
class LayoutBuilder {
public:
    LayoutBuilder(const LayoutCase& shape, Random& random) : shape_(shape), blocks_(blocks_of(shape)) {
        std::iota(blocks_.begin(), blocks_.end(), 0u);
        std::shuffle(blocks_.begin(), blocks_.end(), random);
    }

    std::vector<Span> spans() {
        std::uint64_t base = shape_.shift;
        for (const Segment& segment : {Segment{1, shape_.hidden_bytes}, Segment{1, 4}, Segment{3, 4}}) {
            add_segment(segment, base);
            base += blocks_.size() * segment.planes * segment.token_bytes * shape_.block_tokens;
        }
        add(base, 64);
        return std::move(spans_);
    }

private:
    static std::vector<std::uint32_t> blocks_of(const LayoutCase& shape) {
        return std::vector<std::uint32_t>((shape.tokens + shape.block_tokens - 1) / shape.block_tokens);
    }

    void add_segment(const Segment& segment, std::uint64_t base) {
        const std::uint64_t plane = shape_.block_tokens * segment.token_bytes;
        for (std::uint64_t b = 0; b < blocks_.size(); ++b) {
            const std::uint64_t tokens = std::min(shape_.block_tokens, shape_.tokens - b * shape_.block_tokens);
            for (std::uint64_t p = 0; p < segment.planes; ++p) {
                add(base + (blocks_[b] * segment.planes + p) * plane, tokens * segment.token_bytes);
            }
        }
    }

    void add(std::uint64_t scattered, std::uint64_t bytes) {
        next_ += (scattered - next_) % 16;
        spans_.push_back(shape_.scatter ? Span{next_, scattered, bytes} : Span{scattered, next_, bytes});
        next_ += bytes;
    }

    const LayoutCase& shape_;
    std::vector<std::uint32_t> blocks_;
    std::vector<Span> spans_;
    std::uint64_t next_ = 0;
};

std::vector<Span> misaligned_spans(Random& random) {
    std::vector<Span> spans;
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    const std::uint64_t largest = std::uint64_t{1} << between(random, 2, 14);
    for (std::uint64_t n = between(random, 1, 12); n != 0; --n) {
        source += between(random, 0, 33);
        destination += between(random, 0, 33);
        const std::uint64_t bytes = between(random, 0, largest);
        const bool zeros = between(random, 0, 7) == 0;
        spans.push_back({zeros ? Span::kZeros : source, destination, bytes});
        source += bytes;
        destination += bytes;
    }
    std::shuffle(spans.begin(), spans.end(), random);
    return spans;
}

LayoutCase random_layout(Random& random) {
    LayoutCase shape;
    shape.block_tokens = between(random, 1, 24);
    shape.hidden_bytes = 2 * between(random, 1, between(random, 0, 3) == 0 ? 900 : 80);
    shape.tokens = between(random, 1, 70);
    shape.shift = between(random, 0, 15);
    shape.scatter = between(random, 0, 1) == 0;
    return shape;
}

}  // namespace

std::uint64_t Case::bytes() const {
    return std::accumulate(copies.begin(), copies.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const memory::Copy& copy) { return sum + copy.bytes; });
}

std::vector<std::byte> Case::expected() const {
    std::vector<std::byte> result = destination;
    for (const memory::Copy& copy : copies) {
        if (copy.bytes == 0) continue;
        if (copy.source == 0) {
            std::memset(&result[copy.destination], 0, copy.bytes);
        } else {
            std::memcpy(&result[copy.destination], reinterpret_cast<const void*>(copy.source), copy.bytes);
        }
    }
    return result;
}

Case make_case(std::string name, const std::vector<Span>& spans, std::uint64_t seed, std::uint64_t spare) {
    Case made;
    made.name = std::move(name);
    std::uint64_t source_end = 1;
    std::uint64_t destination_end = 0;
    for (const Span& span : spans) {
        if (span.source != Span::kZeros) source_end = std::max(source_end, span.source + span.bytes);
        destination_end = std::max(destination_end, span.destination + span.bytes);
    }
    made.source.resize(source_end);
    made.destination.resize(destination_end + spare);
    Random random(seed);
    fill_random(made.source, random);
    fill_random(made.destination, random);
    for (const Span& span : spans) {
        const std::uint64_t source = span.source == Span::kZeros ? 0 : address_of(made.source) + span.source;
        made.copies.push_back({source, span.destination, span.bytes});
    }
    return made;
}

Case many_pieces(std::uint64_t count, std::uint64_t bytes_each, std::uint64_t seed) {
    Random random(seed);
    std::vector<Span> spans;
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        spans.push_back({source, destination, bytes_each});
        source += bytes_each + between(random, 0, 5);
        destination += bytes_each + between(random, 0, 5);
    }
    return make_case(std::to_string(count) + " pieces of " + std::to_string(bytes_each), spans, seed);
}

Case random_case(std::uint64_t seed) {
    Random random(seed);
    const std::string name = "seed " + std::to_string(seed);
    switch (between(random, 0, 5)) {
        case 0:
        case 1:
        case 2: {
            Case made = layout_case(random_layout(random), random());
            made.name = name + ", " + made.name;
            return made;
        }
        case 3: {
            Case made = many_pieces(between(random, 1, 300), between(random, 1, 40), random());
            made.name = name + ", " + made.name;
            return made;
        }
        default: return make_case(name + ", misaligned", misaligned_spans(random), random(), between(random, 0, 40));
    }
}

Case layout_case(const LayoutCase& shape, std::uint64_t seed) {
    Random random(seed);
    const std::string name = std::string(shape.scatter ? "scatter" : "gather") + " of " + std::to_string(shape.tokens) +
                             " tokens of " + std::to_string(shape.hidden_bytes) + " bytes in blocks of " +
                             std::to_string(shape.block_tokens);
    return make_case(name, LayoutBuilder(shape, random).spans(), random());
}

}  // namespace remit::gpu::test
