#include "protocol/language/machine.hpp"

namespace remit::protocol::language {

Machine::Machine(const Config& config, pool::BlockAllocator& allocator)
    : config_(config), layout_(Layout::multimodal(config.layout)), guess_(config.guess), allocator_(allocator), credits_(config.credits) {}

void Machine::on_message(const ToLanguage& message, Time now) {
    enter(now);
    std::visit([this](const auto& m) { handle(m); }, message);
    settle();
}

std::size_t Machine::unfenced_attempts() const {
    std::size_t count = 0;
    for (const auto& [address, session] : sessions_) count += session.attempts.size();
    return count;
}

void Machine::tell(const Session& session, std::uint64_t generation, ToEmbedding message) {
    actions_.push_back(Tell{session.embedding, {session.id, generation}, std::move(message)});
}

void Machine::note(const Room& room, std::string_view what, std::uint32_t round, plan::TokenRange range,
                   std::uint32_t blocks, Time waited) {
    const std::uint64_t session = room.attempt != 0 ? room.session->id : 0;
    actions_.push_back(Note{room.handle, session, room.status, what, round, range, blocks, waited});
}

void Machine::touch(Attempt& attempt) {
    if (attempt.dirty) return;
    attempt.dirty = true;
    dirty_.push_back(attempt.key());
}

Attempt* Machine::attempt_at(const AttemptKey& key) {
    Session* session = session_by_id(key.session);
    if (session == nullptr) return nullptr;
    const auto found = session->attempts.find(key.attempt);
    if (found == session->attempts.end() || found->second.key() != key) return nullptr;
    return &found->second;
}

Attempt* Machine::attempt_of(const Room& room) {
    if (room.attempt == 0) return nullptr;
    const auto found = room.session->attempts.find(room.attempt);
    return found == room.session->attempts.end() ? nullptr : &found->second;
}

Room* Machine::room_at(Handle handle) {
    const auto found = rooms_.find(handle);
    return found == rooms_.end() ? nullptr : &found->second;
}

}  // namespace remit::protocol::language
