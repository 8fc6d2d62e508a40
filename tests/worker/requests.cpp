#include "requests.hpp"

#include <gtest/gtest.h>

namespace remit::worker::test {

Outgoing::Outgoing(EmbeddingWorker& worker, const Content& content, From from)
    : worker_(&worker), content_(content), layout_(worker.pool().layout()), from_(from) {
    if (from == From::contiguous) {
        tensors_ = std::make_unique<Tensors>(layout_, content.tokens);
        tensors_->fill(content);
    } else {
        table_ = worker.pool().allocate(content.tokens);
        for (std::size_t s = 0; s < layout_.segments().size(); ++s) {
            const Segment& segment = layout_.segments()[s];
            if (segment.once_per_request) continue;
            for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
                for (std::uint64_t t = 0; t < content.tokens; ++t) {
                    std::byte* row =
                        worker.pool().row(s, table_[t / layout_.block_size()], plane, t % layout_.block_size());
                    content.fill(s, plane, t, {row, segment.token_bytes});
                }
            }
        }
    }
    begin();
}

void Outgoing::begin() {
    Source source = table_;
    if (from_ == From::contiguous) {
        const std::vector<void*> addresses = tensors_->addresses();
        source = ContiguousSource{{addresses.begin(), addresses.end()}};
    }
    send_.emplace(worker_->send(content_.room, source, content_.tokens, content_.aux()));
}

Outgoing::~Outgoing() {
    // Until its end the send reads the source.
    if (is_final(send_->wait_for(scaled(30'000))) && !table_.empty()) worker_->pool().free(table_);
}

std::string Outgoing::source_fault() const {
    if (from_ == From::contiguous) return tensors_->fault(content_);
    return first_wrong_row(layout_, content_, [this](std::size_t s, std::uint32_t p, std::uint64_t t) {
        return worker_->pool().row(s, table_[t / layout_.block_size()], p, t % layout_.block_size());
    });
}

void Outgoing::expect_success(long milliseconds) const {
    EXPECT_EQ(send_->wait_for(scaled(milliseconds)), Status::Success)
        << "send of room " << content_.room << ": " << send_->reason();
    EXPECT_EQ(send_->reason(), "");
    EXPECT_EQ(source_fault(), "");
}

void Outgoing::expect_failed(const std::string& part, long milliseconds) const {
    EXPECT_EQ(send_->wait_for(scaled(milliseconds)), Status::Failed) << "send of room " << content_.room;
    EXPECT_NE(send_->reason().find(part), std::string::npos) << part << " in: " << send_->reason();
    EXPECT_NE(send_->reason(), "");
    EXPECT_EQ(source_fault(), "");
}

Incoming::Incoming(LanguageWorker& worker, const std::string& endpoint, RoomId room, Into into, ReceiveOptions options)
    : worker_(&worker), into_(into), tensors_(std::make_shared<std::unique_ptr<Tensors>>()) {
    if (into == Into::sink) {
        options.into = [tensors = tensors_, layout = worker.layout()](std::uint64_t total) {
            *tensors = std::make_unique<Tensors>(layout, total);
            return SinkTensors{(*tensors)->addresses()};
        };
    }
    reception_.emplace(worker.receive(room, endpoint, std::move(options)));
}

void Incoming::expect_success(const Content& content, long milliseconds) const {
    ASSERT_EQ(reception_->wait_for(scaled(milliseconds)), Status::Success)
        << "room " << content.room << ": " << reception_->reason();
    EXPECT_EQ(reception_->reason(), "");
    EXPECT_EQ(reception_->total_tokens(), content.tokens);
    expect_content(content);
}

void Incoming::expect_content(const Content& content) const {
    EXPECT_EQ(reception_->aux(), content.aux());
    if (into_ == Into::sink) {
        ASSERT_TRUE(*tensors_) << "the sink was never asked";
        EXPECT_EQ((*tensors_)->fault(content), "");
        EXPECT_TRUE(reception_->table().empty());
        return;
    }
    const BlockTable table = reception_->table();
    const std::uint32_t block_size = worker_->layout().block_size();
    ASSERT_EQ(table.size(), worker_->layout().blocks_for(content.tokens));
    EXPECT_EQ(first_wrong_row(worker_->layout(), content,
                              [&](std::size_t s, std::uint32_t p, std::uint64_t t) {
                                  return worker_->row(s, table[t / block_size], p, t % block_size);
                              }),
              "");
}

void Incoming::expect_failed(const std::string& part, long milliseconds) const {
    EXPECT_EQ(reception_->wait_for(scaled(milliseconds)), Status::Failed);
    EXPECT_NE(reception_->reason(), "");
    EXPECT_NE(reception_->reason().find(part), std::string::npos) << part << " in: " << reception_->reason();
    EXPECT_TRUE(reception_->table().empty());
    if (*tensors_) {
        EXPECT_EQ((*tensors_)->guard_fault(), "");
    }
}

std::vector<Status> statuses_of(const Reception& reception) {
    std::vector<Status> out;
    for (const RoomEvent& event : reception.history()) {
        if (out.empty() || out.back() != event.status) out.push_back(event.status);
    }
    return out;
}

void expect_whole(const LanguageWorker& worker) {
    EXPECT_TRUE(comes_true([&] { return worker.free_blocks() == worker.pool_blocks(); }))
        << worker.free_blocks() << " of " << worker.pool_blocks() << " blocks are free";
}

Layout small_layout(std::uint32_t block_size) {
    Layout::Shape shape;
    shape.block_size = block_size;
    shape.hidden = 24;
    return Layout::multimodal(shape);
}

Thrown thrown_by(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return {error.kind(), error.what()};
    } catch (const std::exception& error) {
        return {std::nullopt, std::string("not an Error: ") + error.what()};
    }
    return {};
}

void expect_error(const std::function<void()>& call, ErrorKind kind, const std::vector<std::string>& parts) {
    const Thrown thrown = thrown_by(call);
    ASSERT_TRUE(thrown.kind) << thrown.message;
    EXPECT_EQ(*thrown.kind, kind) << thrown.message;
    for (const std::string& part : parts) {
        EXPECT_NE(thrown.message.find(part), std::string::npos) << part << " in: " << thrown.message;
    }
}

}  // namespace remit::worker::test
