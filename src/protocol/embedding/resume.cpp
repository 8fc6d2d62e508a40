// RESUME: the next round, a repeat of an accepted one, or a message that does not fit.

#include "protocol/embedding/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::protocol::embedding {

void Machine::handle(const Resume& m) {
    const Found found = find(m.from, m.id);
    if (found.session == nullptr) return;
    Session& session = *found.session;
    const auto known = session.attempts.find(m.id.attempt);
    if (known == session.attempts.end()) {
        return report_failed_unseen(session, m.room, m.id,
                                    "the embedding worker knows nothing of this request: RESUME of an attempt that was never opened");
    }
    Attempt& attempt = known->second;
    if (attempt.state != AttemptState::open) return report(session, attempt);
    const SendRecord& send = sends_.at(attempt.send.value());
    const std::uint64_t end = attempt.accepted_end();
    if (m.sent_tokens > end) return;  // an earlier RESUME was lost and will be repeated
    if (m.sent_tokens == end && end < send.total) {
        std::string fault =
            offer_fault(m.blocks, m.allocated_tokens, found.generation->block_size, found.generation->pool_blocks, sorted_);
        if (fault.empty() && m.blocks.empty()) fault = "no blocks";
        if (!fault.empty()) return fail_attempt(session, attempt, "RESUME: " + fault);
        accept_round(attempt, m.blocks, m.allocated_tokens);
        return report(session, attempt);
    }
    const bool repeat = std::any_of(attempt.rounds.begin(), attempt.rounds.end(), [&](const Round& round) {
        return round.range.first == m.sent_tokens && round.blocks == m.blocks && round.capacity == m.allocated_tokens;
    });
    if (!repeat) {
        return fail_attempt(session, attempt,
                            fmt::format("RESUME: sent_tokens {} is neither the end of the accepted rounds, {}, nor a "
                                        "repeat of one",
                                        m.sent_tokens, end));
    }
    hear_waiting(attempt);
    report(session, attempt);
}

}  // namespace remit::protocol::embedding
