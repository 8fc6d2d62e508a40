#include "sides.hpp"

#include <remit/error.hpp>

#include <algorithm>

namespace remit::fuzz {
namespace {

constexpr std::uint32_t kCredits = 16;
constexpr std::uint32_t kQueuePairs = 2;

protocol::language::Config machine_config(const pool::BlockPool& pool, const fabric::Fabric& fabric,
                                          std::uint64_t session_base, MemoryPolicy policy) {
    protocol::language::Config config;
    config.timing = timing();
    config.layout = layout().shape();
    config.pool = pool.remote_map();
    config.session_base = session_base;
    config.credits = kCredits;
    config.max_message = fabric.limits().max_message;
    config.max_peers = kPeers;
    config.max_quarantine = 6;
    config.memory_policy = policy;
    return config;
}

}  // namespace

LanguageSide::LanguageSide(std::uint16_t port, std::uint64_t session_base, MemoryPolicy policy)
    : wire(port),
      fabric_(fabric::open_loopback(kNetwork)),
      pool_(layout(), kLanguageBlocks, memory_, *fabric_, {.name = "pool", .access = fabric::Access::remote_write}),
      receiver_(*fabric_, kCredits, kQueuePairs),
      unfinished_(64, "receive"),
      mailbox_(wire, {}),
      core(machine_config(pool_, *fabric_, session_base, policy), pool_, receiver_, *fabric_, mailbox_, memory_, copies_, inbox_,
           [this](const worker::RoomRecord& record) { unfinished_.remove({&record}); }) {}

LanguageSide::~LanguageSide() = default;

LanguageSide::Incoming* LanguageSide::receive(RoomId room, std::uint16_t embedding_port, std::uint64_t expected,
                                              bool sink) {
    auto in = std::make_unique<Incoming>();
    in->room = room;
    in->sink = sink;
    in->record = std::make_shared<worker::RoomRecord>();
    in->record->room = room;
    in->record->embedding = {kAddress, embedding_port, ""};
    try {
        unfinished_.add({in->record.get()}, room);
    } catch (const Error&) {
        return nullptr;
    }
    if (sink) {
        in->record->sink = [tensors = in->tensors](std::uint64_t total) {
            // What a user would say who is told a length that nobody has memory for.
            if (total > 100 * kMostTokens) throw std::length_error("the sink has no memory for that many tokens");
            *tensors = std::make_unique<Tensors>(layout(), total);
            return SinkTensors{(*tensors)->addresses()};
        };
    }
    in->record->handle = ++handles_;
    inbox_.post(worker::BeginReceive{in->record, {room, in->record->embedding, expected, 1, sink}});
    incoming.push_back(std::move(in));
    return incoming.back().get();
}

void LanguageSide::abort(Incoming& in) {
    if (!std::exchange(in.aborted, true)) inbox_.post(worker::AbortRoom{in.record->handle, false});
}

void LanguageSide::release(Incoming& in) {
    const Status status = in.record->outcome.status();
    if (!is_final(status)) {
        if (!std::exchange(in.released, true)) inbox_.post(worker::AbortRoom{in.record->handle, true});
        return;
    }
    const bool keeps = !in.sink && status == Status::Success;
    if (keeps && !std::exchange(in.released, true)) inbox_.post(worker::ReleaseRoom{in.record->handle});
}

bool LanguageSide::all_final() const {
    return std::all_of(incoming.begin(), incoming.end(),
                       [](const auto& in) { return is_final(in->record->outcome.status()); });
}

std::string LanguageSide::fault(const Incoming& in, const Content& content) const {
    if (in.record->aux != content.aux()) return "aux differs";
    if (in.sink) return (*in.tensors)->fault(content);
    const BlockTable& table = in.record->table;
    if (table.size() != layout().blocks_for(content.tokens)) return "the table has another number of blocks";
    return worker::test::first_wrong_row(layout(), content, [&](std::size_t s, std::uint32_t p, std::uint64_t t) {
        return pool_.row(s, table[t / 4], p, t % 4);
    });
}

}  // namespace remit::fuzz
