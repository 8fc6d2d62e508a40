// REGISTER, CLOSE, PING, PONG: sessions and generations.

#include "protocol/embedding/machine.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::embedding {
namespace {

std::string differs(std::string_view field, const std::string& language, const std::string& embedding) {
    return fmt::format("{} differs: language worker has {}, embedding worker has {}", field, language, embedding);
}

/// Checksums are reckoned for whoever asks for them, where they can be.
Capabilities own_capabilities(bool checksums) {
    Capabilities own{std::string(kFence), std::string(kYield), std::string(kAnswers), std::string(kReasons)};
    if (checksums) own.emplace_back(kCrc32c);
    return own;
}

}  // namespace

/// Why a REGISTER is refused, or "". Segments, element types, hidden size and deepstack must agree.
std::string Machine::refusal(const Register& m) const {
    const Layout::Shape& mine = config_.layout;
    if (m.layout.dtype != mine.dtype) {
        return differs("dtype", std::string(to_string(m.layout.dtype)), std::string(to_string(mine.dtype)));
    }
    if (m.layout.hidden != mine.hidden) {
        return differs("hidden", std::to_string(m.layout.hidden), std::to_string(mine.hidden));
    }
    if (m.layout.deepstack != mine.deepstack) {
        return differs("deepstack", std::to_string(m.layout.deepstack), std::to_string(mine.deepstack));
    }
    if (const std::string_view needed = lacking(m.capabilities); !needed.empty()) {
        return fmt::format("language worker lacks the capability \"{}\", without which its blocks are not safe", needed);
    }
    if (m.limits.max_message < kLeastMaxMessage) {
        return fmt::format("max_message is {}; permitted: at least {}", m.limits.max_message, kLeastMaxMessage);
    }
    if (agreed(m.queue_pairs).empty()) return fmt::format("no queue pair on the {} rails of the embedding worker", config_.rails);
    try {
        const auto valid = validate_map(Layout::multimodal(m.layout), m.pool);
        return valid ? "" : "pool: " + valid.error();
    } catch (const Error& error) {
        return fmt::format("layout: {}", error.what());
    }
}

/// The smaller number of rails, and of queue pairs on each, in the order of the offer.
std::vector<QueuePairAddress> Machine::agreed(const std::vector<QueuePairAddress>& offered) const {
    std::vector<QueuePairAddress> taken;
    std::vector<std::uint32_t> on_rail(config_.rails);
    for (const QueuePairAddress& address : offered) {
        if (address.rail >= config_.rails || on_rail[address.rail] == config_.max_queue_pairs) continue;
        ++on_rail[address.rail];
        taken.push_back(address);
    }
    return taken;
}

/// A session without generations remembers attempts that nobody can ask for any more; the one that has been silent for
/// longest makes room: what a younger one remembers may still be asked for when its worker registers again.
bool Machine::make_room_for_session() {
    if (sessions_.size() < config_.max_peers) return true;
    auto oldest = sessions_.end();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
        const Session& session = it->second;
        if (!session.generations.empty()) continue;
        if (oldest != sessions_.end() && oldest->second.heard <= session.heard) continue;
        const bool busy = std::any_of(session.attempts.begin(), session.attempts.end(),
                                      [](const auto& entry) { return entry.second.in_flight; });
        if (!busy) oldest = it;
    }
    if (oldest == sessions_.end()) return false;
    for (const auto& [number, attempt] : oldest->second.attempts) remembered_ -= attempt.remembered ? 1 : 0;
    sessions_.erase(oldest);
    return true;
}

void Machine::handle(const Register& m) {
    const GenerationKey key = m.id.generation_key();
    const auto answer_refused = [&](const std::string& why) {
        tell_outsider(m.from, Registered{key.session, key.generation, config_.incarnation, Registered::Refused{why}});
    };
    if (const std::string why = refusal(m); !why.empty()) return answer_refused(why);
    auto found = sessions_.find(key.session);
    if (found == sessions_.end()) {
        if (!make_room_for_session()) {
            return answer_refused(fmt::format("limit of {} peers is reached; raise limits.peers", config_.max_peers));
        }
        found = sessions_.try_emplace(key.session).first;
        found->second.id = key.session;
        found->second.address = m.from;
    }
    Session& session = found->second;
    if (session.address.key != m.from.key) return answer_refused("this session is another peer's");
    session.heard = now_;
    if (const auto live = session.generations.find(key.generation); live != session.generations.end()) {
        live->second.heard = now_;
        if (live->second.answer) tell(session, *live->second.answer);
        return;
    }
    // Only a number above all seen: a REGISTER delayed on an old connection must not bring a generation back.
    if (key.generation <= session.top_generation) return say_lost(m.from, key, "old generation");
    if (session.generations.size() >= config_.max_generations) {
        return answer_refused(fmt::format("limit of {} generations of a session is reached: limits.generations of the "
                                          "embedding worker",
                                          config_.max_generations));
    }
    session.top_generation = key.generation;
    const auto made = session.generations.emplace(
        key.generation, Generation{key.generation, std::nullopt, m.layout.block_size, m.pool.blocks,
                                   has(m.capabilities, kAnswers), config_.checksums && has(m.capabilities, kCrc32c), now_,
                                   now_ + config_.timing.ping_period, 0});
    watch_generation(key, made.first->second);
    actions_.push_back(BuildGeneration{key, agreed(m.queue_pairs), m.layout, m.pool, m.limits});
}

void Machine::handle(const ForeignRegister& m) {
    const std::string why = fmt::format("REGISTER speaks {}; this embedding worker speaks {}: run the same version on both sides",
                                        m.version.empty() ? "no version" : '"' + m.version + '"', kVersion);
    tell_outsider(m.from, Registered{m.id.session, m.id.generation, config_.incarnation, Registered::Refused{why}});
}

void Machine::on_built(const GenerationKey& key, std::vector<QueuePairAddress> local, Time now) {
    enter(now);
    const auto session = sessions_.find(key.session);
    if (session == sessions_.end()) return;
    const auto generation = session->second.generations.find(key.generation);
    if (generation == session->second.generations.end()) return;
    generation->second.answer =
        Registered{key.session, key.generation, config_.incarnation,
                   Registered::Accepted{std::move(local), PeerLimits{config_.max_message}, own_capabilities(config_.checksums)}};
    tell(session->second, *generation->second.answer);
}

void Machine::on_build_failed(const GenerationKey& key, const std::string& reason, Time now) {
    enter(now);
    const auto session = sessions_.find(key.session);
    if (session == sessions_.end() || session->second.generations.erase(key.generation) == 0) return;
    tell_outsider(session->second.address,
                  Registered{key.session, key.generation, config_.incarnation, Registered::Refused{reason}});
}

void Machine::on_generation_failed(const GenerationKey& key, const std::string& reason, Time now) {
    enter(now);
    const auto session = sessions_.find(key.session);
    if (session == sessions_.end() || session->second.generations.count(key.generation) == 0) return;
    drop_generation(session->second, key.generation, reason, true);
}

void Machine::say_lost(const PeerAddress& to, const GenerationKey& key, const std::string& reason) {
    tell_outsider(to, Registered{key.session, key.generation, config_.incarnation, Registered::Lost{reason}});
}

/// To a peer that may have no live generation: then no connection stays for it, so that strangers cost none.
void Machine::tell_outsider(const PeerAddress& to, Registered answer) {
    const std::uint64_t id = answer.session;
    actions_.push_back(Tell{to, id, std::move(answer)});
    const auto session = sessions_.find(id);
    const bool live =
        session != sessions_.end() && !session->second.generations.empty() && session->second.address == to;
    if (!live) actions_.push_back(ForgetPeer{to, id});
}

/// The live generation that a message names; answers {lost} where there is none or another incarnation is meant.
Machine::Found Machine::find(const PeerAddress& from, const SessionId& id) {
    const auto session = sessions_.find(id.session);
    const bool own = session != sessions_.end() && session->second.address.key == from.key;
    if (own) session->second.heard = now_;
    if (own && id.incarnation == config_.incarnation) {
        const auto generation = session->second.generations.find(id.generation);
        if (generation != session->second.generations.end()) {
            generation->second.heard = now_;
            return {&session->second, &generation->second};
        }
    }
    say_lost(from, id.generation_key(),
             id.incarnation == config_.incarnation ? "unknown generation" : "embedding worker restarted");
    return {};
}

/// Destroys a generation: its rooms and only its rooms fail.
void Machine::drop_generation(Session& session, std::uint64_t number, const std::string& reason, bool tell_peer) {
    session.generations.erase(number);
    const GenerationKey key{session.id, number};
    actions_.push_back(DestroyGeneration{key, reason});
    for (auto& [id, attempt] : session.attempts) {
        if (attempt.id.generation != number) continue;
        if (attempt.unfinished()) {
            fail_attempt(session, attempt, reason, SenderAnswer::failed, false);
        }
        if (attempt.state == AttemptState::failed) {
            advance(attempt.state, AttemptEvent::generation_destroyed);
            end_attempt(attempt);
        }
    }
    if (tell_peer) say_lost(session.address, key, reason);
}

void Machine::handle(const Close& m) {
    const GenerationKey key = m.id.generation_key();
    const auto found = sessions_.find(key.session);
    const bool own = found != sessions_.end() && found->second.address.key == m.from.key;
    if (!own) return say_lost(m.from, key, "unknown session");
    Session& session = found->second;
    session.heard = now_;
    session.top_generation = std::max(session.top_generation, key.generation);
    if (session.generations.count(key.generation) != 0) {
        drop_generation(session, key.generation, "closed by the language worker: " + m.reason, false);
    }
    say_lost(session.address, key, "closed");
}

void Machine::handle(const Ping& m) {
    const Found found = find(m.from, m.id);
    if (found.generation == nullptr) return;
    tell(*found.session,
         Pong{.id = m.id, .sequence = m.sequence, .ping_ns = m.sent_ns, .pong_ns = static_cast<std::uint64_t>(now_.count())});
}

void Machine::handle(const Pong& m) {
    // A stale PONG is no reason for {lost}: only what asks for something is answered.
    const auto session = sessions_.find(m.id.session);
    if (session == sessions_.end() || m.id.incarnation != config_.incarnation) return;
    if (session->second.address.key != m.from.key) return;
    session->second.heard = now_;
    const auto generation = session->second.generations.find(m.id.generation);
    if (generation != session->second.generations.end()) generation->second.heard = now_;
}

}  // namespace remit::protocol::embedding
