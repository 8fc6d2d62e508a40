#include "protocol/embedding/machine.hpp"

namespace remit::protocol::embedding {

Machine::Machine(const Config& config) : config_(config), layout_(Layout::multimodal(config.layout)) {}

void Machine::on_message(const ToEmbedding& message, Time now) {
    enter(now);
    std::visit([this](const auto& m) { handle(m); }, message);
}

std::size_t Machine::generations() const {
    std::size_t count = 0;
    for (const auto& [id, session] : sessions_) count += session.generations.size();
    return count;
}

void Machine::tell(const Session& session, ToLanguage message) {
    actions_.push_back(Tell{session.address, session.id, std::move(message)});
}

Attempt* Machine::attempt_at(const AttemptKey& key) {
    const auto session = sessions_.find(key.session);
    if (session == sessions_.end()) return nullptr;
    const auto attempt = session->second.attempts.find(key.attempt);
    if (attempt == session->second.attempts.end() || attempt->second.key() != key) return nullptr;
    return &attempt->second;
}

SendRecord* Machine::send_at(SendId id) {
    const auto found = sends_.find(id);
    return found == sends_.end() ? nullptr : &found->second;
}

}  // namespace remit::protocol::embedding
