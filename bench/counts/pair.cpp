#include "counts/pair.hpp"

#include "counts/allocations.hpp"

#include <stdexcept>

namespace counts {
namespace {

using namespace std::chrono_literals;

// Long enough for an emulated machine under load: nothing here is judged by time.
constexpr auto kPatience = 60s;

remit::FabricOptions fabric(const std::vector<std::string>& devices, std::size_t side) {
    remit::FabricOptions options;
    options.kind = devices.empty() ? remit::FabricKind::loopback : remit::FabricKind::verbs;
    if (!devices.empty()) options.device = devices.at(side);
    options.loopback_network = "counts";
    return options;
}

/// Nothing is repeated and nobody pinged while we count, however slow the machine is.
remit::TimingOptions unhurried() {
    remit::TimingOptions timing;
    timing.repeat_first = timing.repeat_most = timing.ping_period = 600s;
    timing.peer_silence = 1200s;
    timing.room_deadline = timing.park_deadline = 600s;
    return timing;
}

}  // namespace

Pair::Pair(const remit::Layout& layout, std::uint32_t sender_blocks, std::uint32_t receiver_blocks,
           const std::vector<std::string>& devices) {
    remit::EmbeddingWorkerOptions sender;
    sender.fabric = fabric(devices, 0);
    sender.timing = unhurried();
    // What is remembered of ended requests is bounded by this: the steady state begins when it is full.
    sender.limits.attempt_window = 64;
    embedding_ = std::make_unique<remit::EmbeddingWorker>(sender, layout, sender_blocks);
    blocks_ = embedding_->pool().allocate(std::uint64_t{sender_blocks} * layout.block_size());
    remit::LanguageWorkerOptions receiver;
    receiver.fabric = fabric(devices, 1);
    receiver.timing = unhurried();
    language_ = std::make_unique<remit::LanguageWorker>(receiver, layout, receiver_blocks);
    for (const remit::Segment& segment : layout.segments()) {
        tensors_.emplace_back(segment.block_bytes(layout.block_size()) * sender_blocks);
    }
}

remit::BlockTable Pair::source(std::uint64_t tokens) const {
    const auto blocks = static_cast<std::ptrdiff_t>(language_->layout().blocks_for(tokens));
    return {blocks_.begin(), blocks_.begin() + blocks};
}

Seen Pair::finish(const remit::Send& send, const remit::Reception& reception) {
    if (reception.wait_for(kPatience) != remit::Status::Success) {
        throw std::runtime_error("a request ended " + std::string(to_string(reception.poll())) + ": " + reception.reason());
    }
    if (send.wait_for(kPatience) != remit::Status::Success) {
        throw std::runtime_error("a send ended " + std::string(to_string(send.poll())) + ": " + send.reason());
    }
    return {send.writes(), send.rounds()};
}

Seen Pair::move(std::uint64_t tokens, std::uint64_t expected, bool sink) {
    const remit::RoomId room = ++room_;
    const remit::Send send = embedding_->send(room, source(tokens), tokens);
    remit::ReceiveOptions options;
    options.expected_tokens = expected;
    if (sink) {
        options.into = remit::Sink([this](std::uint64_t) {
            const LeftOut users;
            remit::SinkTensors tensors;
            for (auto& tensor : tensors_) tensors.data.push_back(tensor.data());
            return tensors;
        });
    }
    return finish(send, language_->receive(room, embedding_->endpoint(), std::move(options)));
}

remit::Reception Pair::keep(std::uint64_t tokens) {
    const remit::RoomId room = ++room_;
    const remit::Send send = embedding_->send(room, source(tokens), tokens);
    remit::ReceiveOptions options;
    options.expected_tokens = tokens;
    remit::Reception reception = language_->receive(room, embedding_->endpoint(), std::move(options));
    finish(send, reception);
    return reception;
}

}  // namespace counts
