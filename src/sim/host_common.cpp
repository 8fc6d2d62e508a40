#include "sim/host_common.hpp"

#include "protocol/codec.hpp"
#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace remit::sim {
namespace {

using namespace protocol;

struct Words {
    std::string operator()(const Register& m) const { return "REGISTER " + format_session_id(m.id); }
    std::string operator()(const ForeignRegister& m) const { return "REGISTER of version " + m.version; }
    std::string operator()(const Init& m) const {
        return fmt::format("INIT room {} {} blocks [{}] required {} allocated {}", m.room, format_session_id(m.id),
                           fmt::join(m.blocks, ","), m.required_dst_info_num, m.allocated_tokens);
    }
    std::string operator()(const Resume& m) const {
        return fmt::format("RESUME room {} {} blocks [{}] sent {} allocated {}", m.room, format_session_id(m.id),
                           fmt::join(m.blocks, ","), m.sent_tokens, m.allocated_tokens);
    }
    std::string operator()(const Abort& m) const {
        return fmt::format("{} room {} {}", m.kind == AbortKind::yield ? "YIELD" : "ABORT", m.room,
                           format_session_id(m.id));
    }
    std::string operator()(const Close& m) const {
        return fmt::format("CLOSE {}: {}", format_session_id(m.id), m.reason);
    }
    std::string operator()(const Ping& m) const { return "PING " + format_session_id(m.id); }
    std::string operator()(const Pong& m) const { return "PONG " + format_session_id(m.id); }
    std::string operator()(const Registered& m) const {
        const auto* lost = std::get_if<Registered::Lost>(&m.answer);
        const auto* refused = std::get_if<Registered::Refused>(&m.answer);
        const std::string answer = lost != nullptr      ? "lost: " + lost->reason
                                   : refused != nullptr ? "refused: " + refused->error
                                                        : "accepted";
        return fmt::format("REGISTERED {}.{} of {} {}", m.session, m.generation, m.incarnation, answer);
    }
    std::string operator()(const StatusReport& m) const {
        return fmt::format("STATUS room {} {} {} rounds {} sent {} total {} {}", m.room, format_session_id(m.id),
                           remit::to_string(m.status), m.rounds, m.sent_tokens, m.total_tokens, m.reason);
    }
    std::string operator()(const Aborted& m) const {
        return fmt::format("ABORTED room {} {} {} rounds {}", m.room, format_session_id(m.id),
                           m.drained ? "aborted" : "undrained",
                           m.rounds ? static_cast<std::int64_t>(*m.rounds) : std::int64_t{-1});
    }
};

}  // namespace

void count_silence(Context& context, const std::string& reason) {
    if (reason.find(" silent for ") == std::string::npos) return;
    ++context.statistics.peer_deaths;
    constexpr std::array kExcuses{Fault::loss,           Fault::crash_embedding, Fault::crash_language,
                                  Fault::stop_embedding, Fault::stop_language,   Fault::jump};
    const bool excused = std::any_of(kExcuses.begin(), kExcuses.end(),
                                     [&](Fault fault) { return context.statistics.came(fault); });
    if (!excused) throw Violation("though nothing was lost, a peer is given up: " + reason);
}

std::string in_words(const ToEmbedding& message) {
    return std::visit(Words{}, message);
}
std::string in_words(const ToLanguage& message) {
    return std::visit(Words{}, message);
}

}  // namespace remit::sim
