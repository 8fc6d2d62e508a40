#include "growing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace remit::worker::test {

Growing::Growing(EmbeddingWorker& worker, const Content& content, std::uint64_t ready, From from)
    : worker_(&worker), content_(content), layout_(worker.pool().layout()) {
    Source source;
    if (from == From::contiguous) {
        tensors_ = std::make_unique<Tensors>(layout_, content.tokens);
        const std::vector<void*> addresses = tensors_->addresses();
        source = ContiguousSource{{addresses.begin(), addresses.end()}};
    } else {
        table_ = worker.pool().allocate(content.tokens);
        source = table_;
        for (std::size_t s = 0; s < layout_.segments().size(); ++s) {
            const Segment& segment = layout_.segments()[s];
            if (segment.once_per_request) continue;
            for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
                for (std::uint64_t t = 0; t < content.tokens; ++t) std::memset(row(s, plane, t), 0x5a, segment.token_bytes);
            }
        }
    }
    fill(ready);
    send_.emplace(worker.send(content.room, source, content.tokens, content.aux(), {.ready_tokens = ready}));
}

Growing::~Growing() {
    if (is_final(send_->wait_for(scaled(30'000))) && !table_.empty()) worker_->pool().free(table_);
}

std::byte* Growing::row(std::size_t segment, std::uint32_t plane, std::uint64_t token) const {
    if (tensors_) return tensors_->row(segment, plane, token);
    return worker_->pool().row(segment, table_[token / layout_.block_size()], plane, token % layout_.block_size());
}

void Growing::fill(std::uint64_t end) {
    for (std::size_t s = 0; s < layout_.segments().size(); ++s) {
        const Segment& segment = layout_.segments()[s];
        if (segment.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t t = filled_; t < end; ++t) {
                content_.fill(s, plane, t, {row(s, plane, t), segment.token_bytes});
            }
        }
    }
    filled_ = std::max(filled_, end);
}

void Growing::grow(std::uint64_t tokens) {
    fill(tokens);
    send_->ready(tokens);
}

void Growing::grow_and_see(std::uint64_t tokens) {
    const std::uint64_t before = send_->writes();
    const bool more = tokens > filled_;
    grow(tokens);
    if (!more) return;
    EXPECT_TRUE(comes_true([&] { return send_->writes() > before || is_final(send_->poll()); }));
}

void Growing::grow_in_steps(std::uint64_t step) {
    while (filled_ < content_.tokens) grow_and_see(std::min(filled_ + step, content_.tokens));
}

void Growing::expect_success(long milliseconds) const {
    EXPECT_EQ(send_->wait_for(scaled(milliseconds)), Status::Success)
        << "send of room " << content_.room << ": " << send_->reason();
}

void Growing::expect_failed(const std::string& part, long milliseconds) const {
    EXPECT_EQ(send_->wait_for(scaled(milliseconds)), Status::Failed) << "send of room " << content_.room;
    EXPECT_NE(send_->reason().find(part), std::string::npos) << part << " in: " << send_->reason();
}

}  // namespace remit::worker::test
