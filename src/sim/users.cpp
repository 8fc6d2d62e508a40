#include "sim/users.hpp"

#include "sim/context.hpp"
#include "sim/payload.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::sim {
namespace {

constexpr std::uint32_t kSourceKey = 7;

bool out_of_memory(const std::string& reason) {
    if (reason.rfind("embedding worker: ", 0) == 0) return false;  // another rank's
    return reason.rfind("no memory", 0) == 0 || reason.find("use a sink or a larger pool") != std::string::npos;
}

}  // namespace

void Users::plan_room(RoomId room, std::uint32_t embedding, const std::vector<std::uint32_t>& languages,
                      std::uint64_t total, bool fresh) {
    Random& random = context_.random;
    const Settings& s = context_.settings;
    for (const std::uint32_t language : languages) {
        Reception r;
        r.room = room;
        r.language = language;
        r.embedding = embedding;
        r.required = static_cast<std::uint32_t>(languages.size());
        r.expected = total * random.pick({0u, 3u, 5u, 10u, 10u, 15u, 20u}) / 10;
        r.sink = fresh || !random.percent(s.kept_percent);
        r.owns_deadline = r.language == languages.front() || random.percent(50);
        if (s.has(Fault::refuse_sink) && random.percent(30)) {
            r.refuse = r.sink;
            hard = hard || r.refuse;
        }
        if (s.has(Fault::disagree) && random.percent(20)) {
            context_.count(Fault::disagree);
            r.required += 1;
            hard = true;
        }
        receptions_to_come.push_back(r);
    }
    if (s.has(Fault::no_send) && random.percent(30)) {
        context_.count(Fault::no_send);
        hard = true;
    } else {
        sends_to_come[embedding].push_back({room, total});
    }
}

SendRecord& Users::begin_send(std::uint32_t embedding, const PlannedSend& planned) {
    Random& random = context_.random;
    SendRecord& send = sends_.emplace_back();
    send.id = sends_.size();
    send.room = planned.room;
    send.embedding = embedding;
    send.total = planned.total;
    const bool contiguous = random.percent(50);
    const std::uint64_t block_size = contiguous ? planned.total : context_.settings.embeddings[embedding].block_size;
    const Layout layout =
        Layout::multimodal(context_.shape(static_cast<std::uint32_t>(block_size), Arrangement::segments));
    const auto needed = static_cast<std::uint32_t>(layout.blocks_for(planned.total));
    const std::uint32_t blocks = contiguous ? 1 : needed + static_cast<std::uint32_t>(random.below(3));
    for (BlockId block = 0; block < blocks; ++block) send.table.push_back(block);
    random.shuffle(send.table);
    send.table.resize(needed);
    const Placement placement = place_small(layout, blocks, random);
    const std::uint64_t start = context_.memory.add(placement.bytes, random);
    send.map = moved_to(placement.map, start, placement.bytes, kSourceKey);
    if (random.percent(30)) {
        for (SegmentMap& segment : send.map.segments) segment.registration = kUnregistered;
    }
    send.ready = send.total;
    if (random.percent(context_.settings.progressive_percent)) {
        send.ready = random.below(send.total + 1);
        if (send.ready < send.total && context_.settings.has(Fault::no_ready) && random.percent(30)) {
            context_.count(Fault::no_ready);
            send.stuck = hard = true;
        }
    }
    spoil_source(context_.memory, layout, send.map, send.table, send.total);
    fill_source(context_.memory, layout, send.map, send.table, send.id, send.ready);
    send.aux_address = context_.memory.add(sizeof(Aux), random);
    const Aux aux = aux_of(send.id, send.total);
    std::memcpy(context_.memory.at(send.aux_address, sizeof aux), aux.data(), sizeof aux);
    return send;
}

Layout Users::source_layout(const SendRecord& record) const {
    return Layout::multimodal(context_.shape(static_cast<std::uint32_t>(record.map.block_size), Arrangement::segments));
}

std::uint64_t Users::more_ready(std::uint64_t id) {
    SendRecord& record = *send(id);
    record.ready = context_.random.between(record.ready + 1, record.total);
    fill_source(context_.memory, source_layout(record), record.map, record.table, id, record.ready);
    return record.ready;
}

void Users::check_source(std::uint64_t id) {
    const SendRecord* record = send(id);
    if (record == nullptr || record->ended) throw Violation(fmt::format("source of send {} read after its end", id));
}

void Users::end_send(std::uint64_t id, Status status, const std::string& reason) {
    SendRecord& record = *send(id);
    context_.trace.say("   send {} of room {} {}: {}", id, record.room, remit::to_string(status), reason);
    if (record.ended) throw Violation(fmt::format("send {} final twice", id));
    record.ended = status;
    spoil_source(context_.memory, source_layout(record), record.map, record.table, record.total);
    if (status == Status::Success) return;
    if (reason.empty()) throw Violation(fmt::format("send {} Failed without a reason", id));
    if (!hard) throw Violation("send Failed without a failure: " + reason);
    if (retries > 0 && context_.random.percent(50)) {
        --retries;
        auto& planned = sends_to_come[record.embedding];
        planned.insert(planned.begin(), {record.room, record.total});
    }
}

void Users::lose_sends(std::uint32_t embedding, Random& random) {
    for (SendRecord& record : sends_) {
        if (record.embedding != embedding || record.ended) continue;
        record.ended = Status::Failed;
        if (random.percent(70)) sends_to_come[embedding].push_back({record.room, record.total});
    }
}

std::uint64_t Users::begin_receive(const Reception& reception) {
    const std::uint64_t handle = next_handle_++;
    receptions_[handle] = reception;
    ++context_.statistics.rooms;
    return handle;
}

void Users::end_receive(const protocol::language::Final& final, const Layout& layout, const BlockMap& pool) {
    Reception& room = receptions_.at(final.handle);
    context_.trace.say("   room {} ({}) {}: {}", room.room, final.handle, remit::to_string(final.status), final.reason);
    if (room.ended) throw Violation(fmt::format("room {} final twice", final.handle));
    room.ended = final.status;
    if (final.status == Status::Success) {
        ++context_.statistics.successes;
        if (room.sink) {
            const BlockId only = 0;
            check_data(final, layout, room.tensors, {&only, 1});
        } else {
            if (final.table.size() != layout.blocks_for(final.total_tokens)) {
                throw Violation(
                    fmt::format("Success with {} blocks for {} tokens", final.table.size(), final.total_tokens));
            }
            check_data(final, layout, pool, final.table);
        }
        if (room.required == 1 && reuses > 0 && context_.random.percent(10)) {
            --reuses;
            plan_room(room.room, room.embedding, {room.language},
                      final.total_tokens % context_.settings.most_tokens + 1, false);
        }
        return;
    }
    if (final.reason.empty()) throw Violation("room Failed without a reason");
    note_reason(final.reason);
    if (out_of_memory(final.reason)) {
        const bool may = context_.settings.languages[room.language].policy == MemoryPolicy::fail;
        if (room.sink && !may) throw Violation("room with a sink out of memory: " + final.reason);
    }
    if (!hard) throw Violation("room Failed without a failure: " + final.reason);
    if (retries > 0 && context_.random.percent(50)) {
        --retries;
        Reception again = room;
        again.ended.reset();
        again.refuse = false;
        receptions_to_come.push_back(again);
    }
}

/// For longer than its peers stay silent, and now and then than they wait for a RESUME of which nothing is said.
protocol::Time Users::think() {
    Random& random = context_.random;
    const std::uint64_t ticks = std::min(random.percent(20) ? random.between(800, 1500) : random.between(20, 300), patience_);
    patience_ -= ticks;
    return static_cast<std::int64_t>(ticks) * kTick;
}

/// A room without memory takes its sender and other ranks with it.
void Users::note_reason(const std::string& reason) {
    hard = hard || out_of_memory(reason);
}

void Users::check_kept(const protocol::language::Final& final, const Layout& layout, const BlockMap& pool) {
    check_data(final, layout, pool, final.table);
}

void Users::check_data(const protocol::language::Final& final, const Layout& layout, const BlockMap& map,
                       std::span<const BlockId> table) {
    const Reception& room = receptions_.at(final.handle);
    if (final.aux[0] < 0 || static_cast<std::uint64_t>(final.aux[0]) != final.total_tokens) {
        throw Violation(fmt::format("Success with aux[0] {} and total {}", final.aux[0], final.total_tokens));
    }
    const SendRecord* sender = send(static_cast<std::uint64_t>(final.aux[1]));
    if (sender == nullptr || sender->room != room.room || sender->embedding != room.embedding) {
        throw Violation(fmt::format("Success of room {} with the aux of send {}", room.room, final.aux[1]));
    }
    if (sender->total != final.total_tokens) throw Violation("Success with a wrong total");
    if (final.aux != aux_of(sender->id, sender->total)) throw Violation("Success with a wrong aux");
    const std::string fault = differs(context_.memory, layout, map, table, sender->id, final.total_tokens);
    if (!fault.empty()) throw Violation("Success with wrong bytes: " + fault);
}

void Users::lose_receptions(std::uint32_t language) {
    for (auto& [handle, room] : receptions_) {
        if (room.language == language && !room.ended) room.ended = Status::Failed;
    }
}

}  // namespace remit::sim
