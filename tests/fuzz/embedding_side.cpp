#include "sides.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <cstring>

namespace remit::fuzz {
namespace {

protocol::embedding::Config machine_config(std::uint64_t incarnation, const fabric::Fabric& fabric) {
    protocol::embedding::Config config;
    config.timing = timing();
    config.layout = layout().shape();
    config.incarnation = incarnation;
    config.attempt_window = 8;
    config.max_peers = kPeers;
    config.max_parked = 6;
    config.max_parked_blocks = 64;
    config.max_generations = 3;
    config.max_queue_pairs = 2;
    config.max_message = fabric.limits().max_message;
    return config;
}

worker::embedding::SendQueue::Settings queue_settings(const fabric::Fabric& fabric) {
    worker::embedding::SendQueue::Settings settings;
    settings.plan.max_write = fabric.limits().max_message;
    settings.plan.chunk_bytes = 4096;
    settings.plan.in_place_bytes = 512;
    settings.plan.max_pieces = 4;
    settings.send_regions = 2;
    settings.link.depth = 8;
    return settings;
}

}  // namespace

Layout layout() { return Layout::multimodal({.block_size = 4, .hidden = 64, .dtype = DType::bf16}); }

protocol::Timing timing() {
    using std::chrono::milliseconds;
    TimingOptions options;
    options.ping_period = milliseconds(10);
    options.peer_silence = milliseconds(40);
    options.room_deadline = milliseconds(300);
    options.abort_deadline = milliseconds(50);
    options.register_deadline = milliseconds(200);
    options.init_deadline = milliseconds(100);
    options.park_deadline = milliseconds(100);
    options.round_deadline = milliseconds(100);
    options.memory_deadline = milliseconds(150);
    options.resume_deadline = milliseconds(200);
    options.backstop_deadline = milliseconds(400);
    options.close_deadline = milliseconds(40);
    options.repeat_first = milliseconds(2);
    options.repeat_most = milliseconds(16);
    return protocol::Timing(options);
}

EmbeddingSide::EmbeddingSide(std::uint16_t port, std::uint64_t incarnation)
    : wire(port),
      fabric_(fabric::open_loopback(kNetwork)),
      pool_(layout(), 32, memory_, *fabric_, {.name = "source pool", .access = fabric::Access::local}),
      unfinished_(64, "send"),
      mailbox_(wire, {}),
      core(machine_config(incarnation, *fabric_), queue_settings(*fabric_), layout(), *fabric_, mailbox_, memory_, copies_,
           inbox_, [this](RoomId room) { unfinished_.remove(room); }) {}

EmbeddingSide::~EmbeddingSide() = default;

EmbeddingSide::Outgoing* EmbeddingSide::send(const Content& content, bool from_pool) {
    try {
        unfinished_.add(content.room, content.room);
    } catch (const Error&) {
        return nullptr;
    }
    auto out = std::make_unique<Outgoing>();
    out->content = content;
    out->record = std::make_shared<worker::SendRecord>();
    out->tensors = std::make_unique<Tensors>(layout(), content.tokens);
    out->tensors->fill(content);
    worker::SendRecord& record = *out->record;
    record.id = ++sends_;
    record.room = content.room;
    record.total = content.tokens;
    record.watermark.raise(content.tokens);
    record.source->aux = content.aux();
    record.source->aux[0] = static_cast<std::int32_t>(content.tokens);
    const auto blocks = static_cast<std::uint32_t>(layout().blocks_for(content.tokens));
    if (from_pool && pool_.allocator().allocate(blocks, content.room, out->table)) {
        for (std::size_t s = 0; s < layout().segments().size(); ++s) {
            const Segment segment = layout().segments()[s];
            if (segment.once_per_request) continue;
            for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
                for (std::uint64_t t = 0; t < content.tokens; ++t) {
                    std::memcpy(pool_.row(s, out->table[t / 4], plane, t % 4), out->tensors->row(s, plane, t),
                                segment.token_bytes);
                }
            }
        }
        record.source->map = pool_.local_map();
        record.source->table = out->table;
    } else {
        std::vector<std::uint64_t> bases;
        for (void* address : out->tensors->addresses()) bases.push_back(reinterpret_cast<std::uintptr_t>(address));
        record.source->map = place_tensors(layout(), content.tokens, bases);
        record.source->table = BlockTable{0};
    }
    inbox_.post(worker::BeginSend{out->record});
    outgoing.push_back(std::move(out));
    return outgoing.back().get();
}

void EmbeddingSide::cancel(Outgoing& out) {
    if (!std::exchange(out.cancelled, true)) inbox_.post(worker::CancelSend{out.record->id});
}

void EmbeddingSide::reject(RoomId room) {
    if (core.reserve_rejection(4)) inbox_.post(worker::RejectRoom{room, "the fuzzer rejects it"});
}

void EmbeddingSide::take_back() {
    for (const auto& out : outgoing) {
        if (!is_final(out->record->outcome.status()) || out->table.empty()) continue;
        pool_.allocator().free(out->table);
        out->table.clear();
    }
}

bool EmbeddingSide::all_final() const {
    return std::all_of(outgoing.begin(), outgoing.end(),
                       [](const auto& out) { return is_final(out->record->outcome.status()); });
}

}  // namespace remit::fuzz
