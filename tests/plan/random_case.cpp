#include "random_case.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <numeric>

namespace remit::plan {

RandomCase::RandomCase(std::uint64_t seed) : random_(seed) {
    const Layout::Shape shape = random_shape();
    layout_ = std::make_unique<Layout>(Layout::multimodal(shape));
    total_ = between(1, 40);
    const bool later_round = total_ > 1 && chance(2);
    range_.first = later_round ? between(1, total_ - 1) : 0;
    range_.count = between(1, total_ - range_.first);
    make_source(*layout_);

    Layout::Shape other = shape;
    other.block_size = static_cast<std::uint32_t>(chance(3) ? shape.block_size : between(1, 17));
    other.arrangement = chance(2) ? Arrangement::slab : Arrangement::segments;
    const Layout there = Layout::multimodal(other);
    const auto needed = static_cast<std::uint32_t>(there.blocks_for(range_.count));
    const auto blocks = static_cast<std::uint32_t>(between(needed, needed + 4));
    destination_ = random_pool(there, blocks);
    // A table may be longer than its range: the last round of a request need not use all it was offered.
    destination_table_ = random_table(blocks, between(needed, blocks));

    fill_random(aux_, random_);
    const std::uint64_t aux = reinterpret_cast<std::uintptr_t>(aux_.data()) + between(0, 16);
    aux_source_ = later_round ? 0 : aux;
    make_settings();
}

Layout::Shape RandomCase::random_shape() {
    constexpr DType types[] = {DType::bf16, DType::fp16, DType::fp32, DType::fp8};
    const auto hidden = chance(8) ? between(100, 700) : between(1, 40);
    return {static_cast<std::uint32_t>(between(1, 17)), static_cast<std::uint32_t>(hidden), types[between(0, 3)],
            static_cast<std::uint32_t>(chance(2) ? 0 : between(1, 3)),
            chance(2) ? Arrangement::slab : Arrangement::segments};
}

BlockTable RandomCase::random_table(std::uint32_t pool_blocks, std::uint64_t count) {
    BlockTable all(pool_blocks);
    std::iota(all.begin(), all.end(), 0u);
    if (!chance(3)) std::shuffle(all.begin(), all.end(), random_);
    if (chance(3)) std::sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    all.resize(count);
    return all;
}

/// As remit places it, or with gaps between arrays and blocks, in one registration or one a segment.
std::unique_ptr<MemoryPool> RandomCase::random_pool(const Layout& layout, std::uint32_t blocks) {
    if (layout.shape().arrangement == Arrangement::slab || chance(2)) return make_pool(layout, blocks, random_());
    auto pool = std::make_unique<MemoryPool>(MemoryPool{layout, {blocks, layout.block_size(), {}, {}, {}}, {}});
    const bool registration_each = chance(2);
    std::uint64_t offset = between(0, 20);
    std::vector<std::uint32_t> order(layout.segments().size());
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random_);
    pool->map.segments.resize(order.size());
    pool->map.registrations.resize(registration_each ? order.size() : 1);
    for (const std::uint32_t s : order) {
        const Segment& shape = layout.segments()[s];
        const std::uint64_t block_bytes = shape.block_bytes(layout.block_size());
        const std::uint64_t stride = block_bytes + (chance(2) ? 0 : between(1, 40));
        pool->map.segments[s] = {offset, stride, shape.rows(layout.block_size()) * shape.token_bytes,
                                 registration_each ? s : 0};
        const std::uint64_t length = (blocks - 1) * stride + block_bytes;
        if (registration_each) pool->map.registrations[s] = {offset, length, s};
        offset += length + (chance(2) ? 0 : between(1, 40));
    }
    pool->bytes.resize(offset);
    fill_random(pool->bytes, random_);
    for (SegmentMap& segment : pool->map.segments) segment.base += pool->start();
    for (Registration& registration : pool->map.registrations) registration.address += pool->start();
    if (!registration_each) pool->map.registrations = {{pool->start(), offset, 3}};
    return pool;
}

void RandomCase::make_source(const Layout& layout) {
    if (chance(2)) {
        const auto needed = layout.blocks_for(total_);
        const auto blocks = static_cast<std::uint32_t>(between(needed, needed + 3));
        source_ = random_pool(layout, blocks);
        source_table_ = random_table(blocks, needed);
    } else {
        std::vector<std::uint64_t> shifts(layout.segments().size());
        for (std::uint64_t& shift : shifts) shift = between(0, 17);
        source_ = make_tensors(layout, total_, random_(), shifts);
        source_table_ = {0};
        source_->map.registrations = {{source_->start(), source_->bytes.size(), 5}};
        for (SegmentMap& segment : source_->map.segments) segment.registration = 0;
    }
    // Some segments, or all, are not registered.
    const bool none = chance(3);
    for (SegmentMap& segment : source_->map.segments) {
        if (none || chance(4)) segment.registration = kUnregistered;
    }
    if (none) source_->map.registrations.clear();
}

void RandomCase::make_settings() {
    constexpr Gather policies[] = {Gather::automatic, Gather::always, Gather::never};
    settings_.gather = policies[between(0, 2)];
    settings_.chunk_bytes = chance(3) ? 4u << 20 : between(4096, 9000);
    settings_.max_write = chance(3) ? 8u << 20 : chance(3) ? between(1, 70) : between(64, 5000);
    settings_.max_pieces = static_cast<std::uint32_t>(chance(2) ? 16 : between(1, 4));
    settings_.in_place_bytes = chance(4) ? 64u << 10 : between(1, 500);
    settings_.filler_bytes = chance(3) ? 4096 : between(0, 300);
}

RoundRequest RandomCase::request() const {
    return {*layout_,
            {source_->map, source_table_, 0},
            {destination_->map, destination_table_, range_.first},
            range_,
            aux_source_};
}

std::string RandomCase::describe() const {
    return fmt::format(
        "hidden {} {} deepstack {}, source {} of {}, destination {} of {}, tokens [{}, +{}) of {}, chunk {}, write {}, "
        "pieces {}, filler {}, gather {}",
        layout_->shape().hidden, to_string(layout_->shape().dtype), layout_->shape().deepstack,
        to_string(source_->map.arrangement), source_->map.block_size, to_string(destination_->map.arrangement),
        destination_->map.block_size, range_.first, range_.count, total_, settings_.chunk_bytes, settings_.max_write,
        settings_.max_pieces, settings_.filler_bytes, static_cast<int>(settings_.gather));
}

}  // namespace remit::plan
