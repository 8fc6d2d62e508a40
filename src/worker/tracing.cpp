#include "worker/tracing.hpp"

#include <optional>
#include <variant>

namespace remit::worker {
namespace {

using protocol::AbortKind;
using protocol::Registered;
using trace::Message;
using trace::MessageKind;
using trace::MessageType;

Message of_session(MessageType type, const protocol::SessionId& id) {
    Message m;
    m.type = type;
    m.of = {id.session, id.generation, id.attempt};
    m.incarnation = id.incarnation;
    return m;
}

Message of_room(MessageType type, const protocol::SessionId& id, RoomId room) {
    Message m = of_session(type, id);
    m.room = room;
    return m;
}

Message described(const protocol::Register& m) { return of_session(MessageType::reg, m.id); }
Message described(const protocol::ForeignRegister& m) { return of_session(MessageType::reg, m.id); }
Message described(const protocol::Close& m) { return of_session(MessageType::close, m.id); }

Message described(const Registered& m) {
    Message made = of_session(MessageType::registered, {m.session, m.generation, 0, m.incarnation});
    constexpr MessageKind kKinds[] = {MessageKind::accepted, MessageKind::refused, MessageKind::lost};
    made.kind = kKinds[m.answer.index()];
    return made;
}

Message described(const protocol::Init& m) {
    Message made = of_room(MessageType::init, m.id, m.room);
    made.tokens = m.allocated_tokens;
    made.blocks = m.blocks.size();
    return made;
}

Message described(const protocol::Resume& m) {
    Message made = of_room(MessageType::resume, m.id, m.room);
    made.sent_tokens = m.sent_tokens;
    made.tokens = m.allocated_tokens;
    made.blocks = m.blocks.size();
    return made;
}

Message described(const protocol::StatusReport& m) {
    Message made = of_room(MessageType::status, m.id, m.room);
    made.status = m.status;
    made.rounds = m.rounds;
    made.sent_tokens = m.sent_tokens;
    made.tokens = m.total_tokens;
    return made;
}

Message described(const protocol::Abort& m) {
    Message made = of_room(MessageType::abort, m.id, m.room);
    made.kind = m.kind == AbortKind::yield ? MessageKind::yield : MessageKind::abort;
    return made;
}

Message described(const protocol::Aborted& m) {
    Message made = of_room(MessageType::aborted, m.id, m.room);
    made.kind = m.drained ? MessageKind::drained : MessageKind::undrained;
    made.rounds = m.rounds.value_or(0);
    return made;
}

Message described(const protocol::Ping& m) {
    Message made = of_session(MessageType::ping, m.id);
    made.sequence = m.sequence;
    made.ping_ns = m.sent_ns;
    return made;
}

Message described(const protocol::Pong& m) {
    Message made = of_session(MessageType::pong, m.id);
    made.sequence = m.sequence;
    made.ping_ns = m.ping_ns;
    made.pong_ns = m.pong_ns;
    return made;
}

template <class Any>
void note(trace::Recorder* trace, trace::Nanoseconds begin, bool sent, const Any& message) {
    if (trace == nullptr) return;
    Message made = std::visit([](const auto& m) { return described(m); }, message);
    made.begin = begin;
    made.end = trace::now();
    made.sent = sent;
    trace->add(made);
}

}  // namespace

void note_sent(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToEmbedding& message) {
    note(trace, begin, true, message);
}
void note_sent(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToLanguage& message) {
    note(trace, begin, true, message);
}
void note_received(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToEmbedding& message) {
    note(trace, begin, false, message);
}
void note_received(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToLanguage& message) {
    note(trace, begin, false, message);
}

}  // namespace remit::worker
