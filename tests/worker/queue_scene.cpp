#include "queue_scene.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {
namespace {

constexpr std::uint32_t kPeerBlocks = 65536;
constexpr std::uint64_t kPeerBase = std::uint64_t{1} << 40;

Layout scene_layout(Arrangement arrangement) {
    return Layout::multimodal(
        {.block_size = 64, .hidden = 512, .dtype = DType::bf16, .deepstack = 0, .arrangement = arrangement});
}

}  // namespace

QueueScene::QueueScene(const Options& options)
    : layout_(scene_layout(options.arrangement)), peer_(place_pool(layout_, kPeerBlocks, kPeerBase)) {
    peer_.registrations = {{kPeerBase, pool_bytes(layout_, kPeerBlocks), 7}};
    for (SegmentMap& segment : peer_.segments) segment.registration = 0;
    embedding::SendQueue::Settings settings;
    settings.plan.chunk_bytes = options.chunk;
    settings.send_regions = options.send_regions;
    settings.chunks_in_flight = options.chunks_in_flight;
    settings.link.depth = options.depth;
    settings.recorder = options.recorder;
    queue_ = std::make_unique<embedding::SendQueue>(fabric_, memory_, copies_, layout_, settings);
    for (std::uint32_t link = 0; link < options.links; ++link) {
        static_cast<void>(queue_->build_link(
            {{1, link + 1}, std::vector<QueuePairAddress>(options.queue_pairs), layout_.shape(), peer_, {1u << 30}}));
    }
}

std::shared_ptr<embedding::SendSource> QueueScene::source_of(std::uint64_t tokens, int priority) {
    auto source = std::make_shared<embedding::SendSource>();
    std::vector<std::uint64_t> bases;
    for (const Segment& segment : layout_.segments()) {
        tensors_.push_back(std::make_unique<std::byte[]>(tokens * segment.token_bytes * segment.planes));
        bases.push_back(reinterpret_cast<std::uintptr_t>(tensors_.back().get()));
    }
    source->map = place_tensors(layout_, tokens, bases);
    source->table = {0};
    source->priority = priority;
    return source;
}

std::uint64_t QueueScene::start(std::uint64_t tokens, int priority, std::uint32_t link) {
    return start_into(blocks_of(tokens), tokens, priority, link);
}

BlockTable QueueScene::blocks_of(std::uint64_t tokens) {
    BlockTable blocks;
    for (std::uint64_t done = 0; done < tokens; done += layout_.block_size()) blocks.push_back(next_block_++);
    ++next_block_;  // never neighbours of the next request's
    return blocks;
}

std::uint64_t QueueScene::start_into(const BlockTable& blocks, std::uint64_t tokens, int priority, std::uint32_t link) {
    const std::uint64_t attempt = next_attempt_;
    return start_round({1, link + 1, attempt}, attempt, blocks, tokens, source_of(tokens, priority), false);
}

std::uint64_t QueueScene::start_round(const protocol::AttemptKey& key, std::uint64_t send, const BlockTable& blocks,
                                      std::uint64_t tokens, const std::shared_ptr<embedding::SendSource>& source,
                                      bool shared) {
    next_attempt_ = key.attempt + 1;
    for (const BlockId block : blocks) owners_[block] = key.attempt;
    sources_[key.attempt] = source;
    queue_->start({key, send, 0, {0, tokens}, blocks, tokens, shared}, source);
    return key.attempt;
}

std::vector<std::uint64_t> QueueScene::start_shared(std::uint64_t tokens) {
    const auto source = source_of(tokens);
    const std::uint64_t send = next_attempt_;
    std::vector<std::uint64_t> attempts;
    for (const protocol::GenerationKey& link : queue_->links()) {
        const protocol::AttemptKey key{link.session, link.generation, next_attempt_};
        attempts.push_back(start_round(key, send, blocks_of(tokens), tokens, source, true));
    }
    return attempts;
}

void QueueScene::resume(std::uint64_t attempt, const BlockTable& blocks, plan::TokenRange range) {
    queue_->start({{1, 1, attempt}, attempt, 1, range, blocks, range.end(), false}, sources_.at(attempt));
}

void QueueScene::pump() {
    while (queue_->pump()) {
    }
    for (const embedding::SendEvent& event : queue_->events()) {
        ASSERT_NE(event.kind, embedding::SendEvent::Kind::link_failed) << event.reason;
        ASSERT_NE(event.kind, embedding::SendEvent::Kind::send_failed) << event.reason;
        if (event.kind == embedding::SendEvent::Kind::round_written) written_[event.key.attempt] = true;
    }
    queue_->events().clear();
}

std::uint64_t QueueScene::owner_of(std::uint64_t remote_address) const {
    for (std::size_t i = 0; i < peer_.segments.size(); ++i) {
        const SegmentMap& segment = peer_.segments[i];
        if (remote_address < segment.base) continue;
        const auto block = static_cast<BlockId>((remote_address - segment.base) / segment.block_stride);
        const bool inside = block < kPeerBlocks && (i + 1 == peer_.segments.size() ||
                                                    remote_address < peer_.segments[i + 1].base);
        const auto owner = owners_.find(block);
        if (inside) return owner == owners_.end() ? 0 : owner->second;
    }
    return 0;
}

std::uint64_t QueueScene::deliver(std::uint32_t queue_pair) {
    const auto request = fabric_.deliver(queue_pair);
    pump();
    return request ? owner_of(request->remote_address) : 0;
}

}  // namespace remit::worker::test
