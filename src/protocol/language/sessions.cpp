// REGISTER and REGISTERED, PING and PONG: sessions, and generations from their creation to their destruction.

#include "protocol/language/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::language {
namespace {

/// Checksums are asked for by telling that this worker compares them.
Capabilities own_capabilities(bool checksum) {
    Capabilities own{std::string(kFence), std::string(kYield), std::string(kAnswers), std::string(kReasons)};
    if (checksum) own.emplace_back(kCrc32c);
    return own;
}

}  // namespace

Session& Machine::session_of(const PeerAddress& embedding) {
    const auto [found, made] = sessions_.try_emplace(embedding);
    if (made) {
        found->second.id = config_.session_base + ++session_count_;
        found->second.embedding = embedding;
        sessions_by_id_[found->second.id] = &found->second;
    }
    return found->second;
}

/// Nothing would miss it: a later one of the same peer starts afresh under another number.
bool Machine::is_idle(const Session& session) const {
    if (!session.generations.empty() || !session.attempts.empty() || !session.unopened.empty()) return false;
    const bool awaited = std::any_of(rooms_.begin(), rooms_.end(), [&](const auto& entry) {
        return !entry.second.final() && entry.second.session == &session;
    });
    const bool closing = std::any_of(closings_.begin(), closings_.end(), [&](const Closing& one) {
        return one.id.session == session.id;
    });
    return !awaited && !closing;
}

bool Machine::make_place_for(const PeerAddress& embedding) {
    if (sessions_.size() < config_.max_peers || sessions_.count(embedding) != 0) return true;
    const auto idle = std::find_if(sessions_.begin(), sessions_.end(),
                                   [this](const auto& entry) { return is_idle(entry.second); });
    if (idle == sessions_.end()) return false;
    sessions_by_id_.erase(idle->second.id);
    sessions_.erase(idle);
    return true;
}

Session* Machine::session_by_id(std::uint64_t id) {
    const auto found = sessions_by_id_.find(id);
    return found == sessions_by_id_.end() ? nullptr : found->second;
}

Generation* Machine::generation_at(const GenerationKey& key) {
    Session* session = session_by_id(key.session);
    if (session == nullptr) return nullptr;
    const auto found = session->generations.find(key.generation);
    return found == session->generations.end() ? nullptr : &found->second;
}

/// The generation that rooms without an attempt use; begins one where there is none. Nothing while they have to wait.
Generation* Machine::generation_for_new_rooms(Session& session) {
    if (now_ < session.reopens) return nullptr;
    if (session.current) {
        Generation& current = session.generations.at(*session.current);
        if (current.state != Generation::State::condemned && current.state != Generation::State::dying) return &current;
    }
    const std::uint64_t number = ++session.top_generation;
    session.current = number;
    Generation& generation = session.generations[number];
    generation.number = number;
    actions_.push_back(CreateGeneration{{session.id, number}, session.embedding});
    return &generation;
}

/// What rooms had begun with is gone, and they begin again: their generation was lost, or the peer gave an attempt back unseen.
/// The next try comes at once; those after it, until one brings a round, ever more slowly: else a peer that accepts and loses in
/// turns, or gives each INIT back, has queue pairs made and attempts opened at the pace of its answers.
void Machine::put_off(Session& session, const std::string& reason) {
    session.lost = reason;
    // What was under way when a pause began ends within it, and makes it no longer.
    if (now_ < session.reopens || session.barren++ == 0) return;
    session.reopens = session.reopening.after(now_, config_.timing);
    generation_deadlines_.add(session.reopens, {session.id, 0});  // no generation has this number: it only wakes
}

void Machine::prosper(Session& session) {
    session.barren = 0;
    session.reopens = Time{};
    session.reopening.restart(config_.timing);
    session.lost.clear();
}

void Machine::on_created(const GenerationKey& key, std::vector<QueuePairAddress> local, Time now) {
    enter(now);
    Generation* generation = generation_at(key);
    if (generation == nullptr || generation->state != Generation::State::creating) return;
    generation->state = Generation::State::registering;
    generation->local = std::move(local);
    generation->registering_since = now_;
    repeat_register(*session_by_id(key.session), *generation);
    settle();
}

void Machine::on_create_failed(const GenerationKey& key, const std::string& reason, Time now) {
    enter(now);
    Generation* generation = generation_at(key);
    if (generation == nullptr || generation->state != Generation::State::creating) return;
    refuse(*session_by_id(key.session), *generation, reason);
    settle();
}

void Machine::repeat_register(Session& session, Generation& generation) {
    const SessionId id{session.id, generation.number, 0, 0};
    tell(session, generation.number,
         Register{.id = id,
                  .layout = config_.layout,
                  .pool = config_.pool,
                  .queue_pairs = generation.local,
                  .limits = {config_.max_message},
                  .capabilities = own_capabilities(config_.checksum)});
    generation.next_register = generation.backoff.after(now_, config_.timing);
    watch(session, generation);
}

void Machine::handle(const Registered& m) {
    Session* session = session_by_id(m.session);
    if (session == nullptr) {
        ++counters_.stale_answers;
        return;
    }
    const auto* lost = std::get_if<Registered::Lost>(&m.answer);
    if (lost != nullptr) {
        const auto answered = [&](const Closing& closing) {
            if (closing.id.generation_key() != GenerationKey{m.session, m.generation}) return false;
            actions_.push_back(ForgetPeer{closing.embedding, closing.id.generation_key()});
            return true;
        };
        closings_.erase(std::remove_if(closings_.begin(), closings_.end(), answered), closings_.end());
    }
    Generation* generation = generation_at({m.session, m.generation});
    if (generation == nullptr || generation->state == Generation::State::dying) return;
    if (lost != nullptr) return lose_generation(*session, *generation, "lost: " + lost->reason, false);
    if (generation->state != Generation::State::registering) {
        if (generation->incarnation != m.incarnation) ++counters_.stale_answers;
        return;
    }
    if (const auto* refused = std::get_if<Registered::Refused>(&m.answer)) {
        return refuse(*session, *generation, "refused by the embedding worker: " + refused->error);
    }
    const auto& accepted = std::get<Registered::Accepted>(m.answer);
    generation->incarnation = m.incarnation;
    if (const std::string why = disagreement(*generation, accepted); !why.empty()) {
        return refuse(*session, *generation, why, true);  // it has built its side
    }
    generation->state = Generation::State::up;
    generation->takes_reasons = has(accepted.capabilities, kReasons);
    generation->takes_yields = has(accepted.capabilities, kYield);
    generation->queue_pairs = static_cast<std::uint32_t>(accepted.queue_pairs.size());
    generation->heard = now_;
    generation->next_ping = now_ + config_.timing.ping_period;
    watch(*session, *generation);
    actions_.push_back(ConnectGeneration{{m.session, m.generation}, accepted.queue_pairs});
}

/// What makes an embedding worker's answer unacceptable, or "".
std::string Machine::disagreement(const Generation& generation, const Registered::Accepted& accepted) const {
    if (accepted.queue_pairs.size() > generation.local.size()) {
        return fmt::format("embedding worker answered {} queue pairs to {}", accepted.queue_pairs.size(),
                           generation.local.size());
    }
    if (const std::string_view needed = lacking(accepted.capabilities); !needed.empty()) {
        return fmt::format("embedding worker lacks the capability \"{}\", without which blocks here are not safe", needed);
    }
    if (config_.checksum && !has(accepted.capabilities, kCrc32c)) {
        return fmt::format("embedding worker lacks the capability \"{}\", which checksum asks for: run a version that has "
                           "it, or do without", kCrc32c);
    }
    return "";
}

void Machine::on_unreachable(const GenerationKey& key, const std::string& reason, Time now) {
    enter(now);
    Generation* generation = generation_at(key);
    if (generation == nullptr || generation->state == Generation::State::dying) return;
    Session& session = *session_by_id(key.session);
    refuse(session, *generation, fmt::format("embedding worker at {}:{}: {}", session.embedding.ip,
                                             session.embedding.port, reason));
    settle();
}

void Machine::on_connect_failed(const GenerationKey& key, const std::string& reason, Time now) {
    enter(now);
    Generation* generation = generation_at(key);
    if (generation == nullptr || generation->state == Generation::State::dying) return;
    Session& session = *session_by_id(key.session);
    std::vector<Handle> opened;
    for (const auto& [number, attempt] : session.attempts) {
        if (attempt.id.generation == key.generation) opened.push_back(attempt.handle);
    }
    for (const Handle handle : opened) fail_room(*room_at(handle), reason);
    refuse(session, *generation, reason, true);
    settle();
}

/// The generation cannot be: the rooms that waited for it fail, nothing else does.
void Machine::refuse(Session& session, Generation& generation, const std::string& why, bool tell_peer) {
    while (!session.unopened.empty()) fail_room(rooms_.at(session.unopened.begin()->second), why);
    lose_generation(session, generation, why, tell_peer);
}

void Machine::on_generation_failed(const GenerationKey& key, const std::string& reason, Time now) {
    enter(now);
    Generation* generation = generation_at(key);
    if (generation == nullptr || generation->state == Generation::State::dying) return;
    lose_generation(*session_by_id(key.session), *generation, reason, true);
}

/// Fence (c): queue pairs to ERR, drained, destroyed; on_destroyed() does the rest.
void Machine::lose_generation(Session& session, Generation& generation, const std::string& reason, bool tell_peer) {
    if (generation.state == Generation::State::dying) return;
    if (generation.state == Generation::State::condemned) --condemned_;
    generation.state = Generation::State::dying;
    generation.reason = reason;
    generation.tell_peer = tell_peer;
    ++dying_;
    actions_.push_back(DestroyGeneration{{session.id, generation.number}, reason});
}

void Machine::on_destroyed(const GenerationKey& key, Time now) {
    enter(now);
    Session* session = session_by_id(key.session);
    Generation* generation = generation_at(key);
    if (generation == nullptr || generation->state != Generation::State::dying) return;
    const Generation gone = *generation;
    session->generations.erase(key.generation);
    if (session->current == key.generation) session->current.reset();
    --dying_;
    std::vector<AttemptKey> attempts;
    for (const auto& [number, attempt] : session->attempts) {
        if (attempt.id.generation == key.generation) attempts.push_back(attempt.key());
    }
    for (const AttemptKey& attempt_key : attempts) {
        Attempt* attempt = attempt_at(attempt_key);
        if (attempt == nullptr) continue;
        attempt->dead = true;
        attempt->judgement = std::make_unique<std::string>(gone.reason);
        progress(*attempt);
        update_wants(*room_at(attempt->handle));
        if (attempt->pending_visible == 0) judge_dead(*attempt);
    }
    if (!session->current && !session->unopened.empty()) put_off(*session, gone.reason);
    if (gone.tell_peer && gone.incarnation != 0) {
        begin_close(*session, key.generation, gone.reason, gone.incarnation);
    } else {
        actions_.push_back(ForgetPeer{session->embedding, key});
    }
    settle();
}

/// The queue pairs are gone and every round that arrived before is visible: does the room live on?
void Machine::judge_dead(Attempt& attempt) {
    const AttemptKey key = attempt.key();
    Room* room = room_at(attempt.handle);
    const bool is_current = room != nullptr && room->attempt == key.attempt;
    const bool here = is_current && certain(*room, attempt);
    // Nobody has answered its INIT, so nothing has begun: the room goes on under a new attempt.
    const bool unanswered = attempt.mode == OfferMode::running && !attempt.heard && !attempt.any_immediate();
    if (is_current && !room->ending() && !here && !unanswered) fail_room(*room, attempt.judgement ? *attempt.judgement : "lost");
    Attempt* still = attempt_at(key);
    if (still == nullptr) return;
    if (unanswered) {
        fence(*still);
        if (is_current && !room->ending()) restart(*room, room->size_first);
    } else if (still->mode != OfferMode::running || !is_current || !here) {
        fence(*still);
    } else {
        touch(*still);
    }
}

/// An ABORT went unanswered: new rooms go elsewhere, the generation dies when nothing runs on it.
void Machine::condemn(Session& session, std::uint64_t number) {
    const auto found = session.generations.find(number);
    if (found == session.generations.end() || found->second.state != Generation::State::up) return;
    found->second.state = Generation::State::condemned;
    ++condemned_;
    if (session.current == number) session.current.reset();
}

void Machine::destroy_condemned() {
    if (condemned_ == 0) return;
    for (auto& [address, session] : sessions_) {
        for (auto& [number, generation] : session.generations) {
            if (generation.state != Generation::State::condemned) continue;
            bool running = false;
            bool waiting = false;
            for (const auto& [attempt_number, attempt] : session.attempts) {
                if (attempt.id.generation != number || attempt.mode == OfferMode::aborting) continue;
                running = true;
                const Room* room = room_at(attempt.handle);
                waiting = waiting || (room != nullptr && room->waiting);
            }
            if (!running || waiting) {
                lose_generation(session, generation,
                                fmt::format("ABORT unanswered for {} ms",
                                            std::chrono::duration_cast<std::chrono::milliseconds>(
                                                config_.timing.abort_deadline)
                                                .count()),
                                true);
            }
        }
    }
}

void Machine::begin_close(const Session& session, std::uint64_t generation, const std::string& reason,
                          std::uint64_t incarnation) {
    Closing closing{session.embedding,
                    {session.id, generation, 0, incarnation},
                    reason,
                    now_,
                    now_ + config_.timing.close_deadline,
                    {}};
    tell(session, generation, Close{.id = closing.id, .reason = reason});
    closing.next = closing.backoff.after(now_, config_.timing);
    closings_.push_back(std::move(closing));
}

void Machine::handle(const Ping& m) {
    Generation* generation = generation_at(m.id.generation_key());
    if (generation == nullptr || !generation->live() || generation->incarnation != m.id.incarnation) {
        ++counters_.stale_answers;
        return;
    }
    generation->heard = now_;
    tell(*session_by_id(m.id.session), m.id.generation,
         Pong{.id = m.id, .sequence = m.sequence, .ping_ns = m.sent_ns, .pong_ns = static_cast<std::uint64_t>(now_.count())});
}

void Machine::handle(const Pong& m) {
    Generation* generation = generation_at(m.id.generation_key());
    if (generation == nullptr || !generation->live() || generation->incarnation != m.id.incarnation) {
        ++counters_.stale_answers;
        return;
    }
    generation->heard = now_;
}

}  // namespace remit::protocol::language
