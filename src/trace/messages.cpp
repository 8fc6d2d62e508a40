#include "trace/messages.hpp"

#include "trace/format.hpp"

#include <array>

namespace remit::trace {
namespace {

constexpr std::array<std::string_view, 10> kTypes{"REGISTER", "REGISTERED", "INIT",  "RESUME", "STATUS",
                                                  "ABORT",    "ABORTED",    "CLOSE", "PING",   "PONG"};
constexpr std::array<std::string_view, 8> kKinds{"",      "accepted", "refused", "lost",
                                                 "abort", "yield",    "drained", "undrained"};

std::string_view name_of(MessageType type) { return kTypes[static_cast<std::size_t>(type)]; }
std::string_view name_of(MessageKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Role other(Role role) { return role == Role::embedding ? Role::language : Role::embedding; }

bool is_liveness(const Message& m) { return m.type == MessageType::ping || m.type == MessageType::pong; }

/// All that travels. Both sides have PINGs of their own, so the direction belongs to it.
std::string match(const Message& m, Role own) {
    const Role from = m.sent ? own : other(own);
    return fmt::format("{} from {} {}.{}.{}.{} {} {} {} {} {} {} {} {} {} {}", name_of(m.type), to_string(from), m.of.session,
                       m.of.generation, m.of.attempt, m.incarnation, m.room, name_of(m.kind), to_string(m.status), m.rounds,
                       m.sent_tokens, m.tokens, m.blocks, m.sequence, m.ping_ns, m.pong_ns);
}

/// What is particular to the type.
std::string details(const Message& m) {
    switch (m.type) {
        case MessageType::reg:
        case MessageType::close: return "";
        case MessageType::registered:
        case MessageType::abort: return fmt::format(R"(,"kind":"{}")", name_of(m.kind));
        case MessageType::init: return fmt::format(R"(,"allocated tokens":{},"blocks":{})", m.tokens, m.blocks);
        case MessageType::resume:
            return fmt::format(R"(,"sent tokens":{},"allocated tokens":{},"blocks":{})", m.sent_tokens, m.tokens, m.blocks);
        case MessageType::status:
            return fmt::format(R"(,"status":"{}","rounds":{},"sent tokens":{},"total tokens":{})", to_string(m.status),
                               m.rounds, m.sent_tokens, m.tokens);
        case MessageType::aborted: return fmt::format(R"(,"kind":"{}","rounds":{})", name_of(m.kind), m.rounds);
        case MessageType::ping: return fmt::format(R"(,"{}":{})", kSequence, m.sequence);
        case MessageType::pong: break;
    }
    std::string text = fmt::format(R"(,"{}":{})", kSequence, m.sequence);
    const auto sent = static_cast<Nanoseconds>(m.ping_ns);
    if (m.sent || sent <= 0 || sent > m.begin) return text;
    const double trip = static_cast<double>(m.begin - sent);
    const double offset = static_cast<double>(m.pong_ns) - static_cast<double>(m.ping_ns) - trip / 2;
    return text + fmt::format(R"(,"round trip us":{:.3f},"peer's clock ahead us":{:.3f})", trip / 1e3, offset / 1e3);
}

}  // namespace

void write_message(const Message& m, Role own, EventFile& file, Rows& rows) {
    const RowId row = is_liveness(m) ? rows.single(RowKind::liveness, "sessions: PING and PONG")
                                     : rows.single(RowKind::control, "control messages");
    const std::string name = m.type == MessageType::status ? fmt::format("STATUS {}", to_string(m.status))
                                                           : std::string(name_of(m.type));
    const bool in_room = m.of.attempt != 0;
    file.slice(row, m.begin, m.end, name,
               fmt::format(R"("{}":"{}","{}":"{}","{}":{}{}{},"{}":"{}")", kDirection, m.sent ? kSent : kReceived, kSession,
                           m.of.session, kGeneration, m.of.generation,
                           in_room ? fmt::format(R"(,"attempt":{},"room":"{}")", m.of.attempt, m.room) : "", details(m), kMatch,
                           match(m, own)));
}

}  // namespace remit::trace
