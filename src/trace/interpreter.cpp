#include "trace/interpreter.hpp"

#include "trace/chunks.hpp"
#include "trace/messages.hpp"

namespace remit::trace {

Interpreter::Interpreter(EventFile& file, const Identity& identity)
    : file_(file), identity_(identity), rows_(file), rooms_(file, identity.role) {
    file_.begin(identity);
}

void Interpreter::take(const Record& record) {
    std::visit([this](const auto& one) { take_one(one); }, record);
}

void Interpreter::take_one(const Message& message) {
    rooms_.take(message);
    write_message(message, identity_.role, file_, rows_);
}

Interpreter::Session& Interpreter::session_of(const AttemptId& of) {
    Session& session = sessions_[{of.session, of.generation, 0}];
    if (session.ordinal == 0) session.ordinal = ++session_count_;
    return session;
}

void Interpreter::take_one(const SessionMoment& moment) {
    Session& session = session_of(moment.of);
    if (moment.queue_pairs != 0) session.queue_pairs = moment.queue_pairs;
    switch (moment.step) {
        case SessionStep::created: session.created = moment.time; break;
        case SessionStep::connected: session.connected = moment.time; break;
        case SessionStep::destroyed:
            write_session(moment.of, session, moment.time);
            sessions_.erase({moment.of.session, moment.of.generation, 0});
            break;
    }
}

void Interpreter::write_session(const AttemptId& of, const Session& session, Nanoseconds end) {
    const Nanoseconds begin = session.created != 0 ? session.created : session.connected;
    if (begin == 0) return;  // its beginning was left out
    constexpr std::string_view kCategory = "session";
    const std::string id = fmt::format("{}.{}", of.session, of.generation);
    const std::string name = fmt::format("session {}", session.ordinal);
    file_.async_begin(kCategory, id, begin, name,
                      fmt::format(R"("session":"{}","generation":{},"queue pairs":{})", of.session, of.generation,
                                  session.queue_pairs));
    if (session.created != 0) {
        file_.async(kCategory, id, begin, session.connected != 0 ? session.connected : end, "registering", "");
    }
    if (session.connected != 0) file_.async(kCategory, id, session.connected, end, "connected", "");
    file_.async_end(kCategory, id, end, name);
}

void Interpreter::take_one(const Chunk& chunk) {
    const std::string device =
        chunk.rail < identity_.devices.size() ? identity_.devices[chunk.rail] : fmt::format("rail {}", chunk.rail);
    write_chunk(chunk, rooms_.name_of(chunk.of),
                fmt::format("queue pair {} on {}, session {}", chunk.lane, device, session_of(chunk.of).ordinal), file_, rows_);
}

void Interpreter::take_one(const Immediate& immediate) {
    AttemptId of = immediate.of;
    of.attempt = immediate.value;  // they grow from 1: the low half is the whole of it for a long time
    file_.instant(rows_.single(RowKind::immediates, "immediates"), immediate.time,
                  fmt::format("end of a round of {}", rooms_.name_of(of)),
                  fmt::format(R"("queue pair":{},"immediate":{})", immediate.queue_pair, immediate.value));
}

void Interpreter::close() {
    const Nanoseconds time = now();
    rooms_.close(time);
    for (const auto& [of, session] : sessions_) write_session(of, session, time);
    sessions_.clear();
}

}  // namespace remit::trace
