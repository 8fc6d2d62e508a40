// Which attempts are remembered after their end: the last ones of each session, and so many of all together. One that is
// forgotten is never opened again.

#include "protocol/embedding/machine.hpp"

#include <algorithm>

namespace remit::protocol::embedding {

bool left_of_window(const Session& session, std::uint64_t attempt, std::uint32_t window) {
    return session.top_attempt >= window && attempt <= session.top_attempt - window;
}

/// True of an attempt that the session does not hold where it has been forgotten, or would have been: it is drained or was
/// never opened.
bool Machine::is_forgotten(const Session& session, std::uint64_t attempt) const {
    return attempt <= session.forgotten || left_of_window(session, attempt, config_.attempt_window);
}

/// Notes that an attempt is over where it is: from now on it may be forgotten.
void Machine::remember(Attempt& attempt) {
    if (attempt.remembered || !attempt.drained() || attempt.in_flight) return;
    attempt.remembered = true;
    ++remembered_;
    ended_.push_back(attempt.key());
}

Attempts::iterator Machine::forget(Session& session, Attempts::iterator attempt) {
    const auto newest = session.newest.find(attempt->second.room);
    if (newest != session.newest.end() && newest->second == attempt->first) session.newest.erase(newest);
    --remembered_;
    return session.attempts.erase(attempt);
}

void Machine::forget_left_of_window(Session& session) {
    for (auto it = session.attempts.begin();
         it != session.attempts.end() && left_of_window(session, it->first, config_.attempt_window);) {
        it = it->second.remembered ? forget(session, it) : std::next(it);
    }
}

/// Those that ended first are forgotten first, whosever they are: they are the least likely to be asked for.
void Machine::forget_beyond_limit() {
    while (remembered_ > config_.max_attempts) {
        const AttemptKey key = ended_.front();
        ended_.pop_front();
        const Attempt* attempt = attempt_at(key);
        if (attempt == nullptr || !attempt->remembered) continue;
        Session& session = sessions_.at(key.session);
        session.forgotten = std::max(session.forgotten, key.attempt);
        forget(session, session.attempts.find(key.attempt));
    }
    // The window, and sessions that end, leave entries behind.
    constexpr std::size_t kFew = 64;
    if (ended_.size() < 2 * remembered_ + kFew) return;
    const auto gone = [this](const AttemptKey& key) {
        const Attempt* attempt = attempt_at(key);
        return attempt == nullptr || !attempt->remembered;
    };
    ended_.erase(std::remove_if(ended_.begin(), ended_.end(), gone), ended_.end());
}

}  // namespace remit::protocol::embedding
