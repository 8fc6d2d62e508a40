// Checksums, where they were asked for: what arrived is compared with what the embedding worker read, before Success.

#include "protocol/language/machine.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::protocol::language {

/// Rounds that are where their user will read them are reckoned.
void Machine::start_checks(Room& room, Attempt& attempt) {
    if (!attempt.checks || room.ending() || attempt.mode == OfferMode::aborting) return;
    for (std::uint32_t k = 0; k < attempt.rounds.size(); ++k) {
        Round& round = attempt.rounds[k];
        if (!round.copied || round.checking) continue;
        round.checking = true;
        if (room.sink) ++room.copies;  // its tensors are read: it ends when that has ended
        const std::uint64_t end = std::min(round.first + round.capacity, room.total);
        actions_.push_back(Checksum{attempt.key(), room.handle, k, {round.first, end - round.first},
                                    room.sink ? BlockTable{} : tables_.copy_of(round.blocks), room.aux});
    }
}

void Machine::on_checksum(const Checksum& asked, const plan::Checksums& checksums, Time now) {
    enter(now);
    Room* room = room_at(asked.handle);
    if (room != nullptr && room->sink) --room->copies;
    if (Attempt* attempt = attempt_at(asked.key)) {
        auto& rounds = attempt->checks->rounds;
        rounds.resize(attempt->rounds.size());
        rounds[asked.round] = checksums;
        touch(*attempt);
    }
    if (room != nullptr && room->failing && room->copies == 0) finish(*room, Status::Failed);
    settle();
}

void Machine::hear_checksums(Attempt& attempt, const StatusReport& m) {
    if (!attempt.checks || m.checksums.empty()) return;
    std::optional<Told>& told = attempt.checks->told;
    if (!told || told->rounds <= m.rounds) told = Told{m.status, m.rounds, m.checksums};
}

/// Everything is here and, where checksums were asked for, is what was sent: nothing from the peer fails the room any more.
bool Machine::certain(const Room& room, const Attempt& attempt) const {
    return all_here(room, attempt) && (!attempt.checks || attempt.checks->verified);
}

/// Compares what both have of the rounds that the peer has spoken of. Fails the room where they differ.
void Machine::compare(Room& room, Attempt& attempt) {
    Checks& checks = *attempt.checks;
    for (; checks.folded < checks.rounds.size() && !checks.rounds[checks.folded].empty(); ++checks.folded) {
        plan::Checksums chain = checks.folded == 0 ? plan::Checksums{} : checks.rounds[checks.folded - 1];
        plan::fold(chain, checks.rounds[checks.folded]);
        checks.rounds[checks.folded] = std::move(chain);
    }
    if (!checks.told || checks.told->rounds == 0 || checks.told->rounds > checks.folded) return;
    const std::uint64_t rounds = checks.told->rounds;
    const plan::Checksums& here = checks.rounds[rounds - 1];
    const plan::Checksums& there = checks.told->checksums;
    for (std::size_t i = 0; i < here.size(); ++i) {
        if (i < there.size() && here[i] == there[i]) continue;
        ++counters_.checksum_mismatches;
        return fail_room(room, fmt::format("checksum of {} differs in the first {} rounds from the embedding worker at "
                                           "{}:{}: what arrived is not what was sent",
                                           to_string(layout_.segments()[i].kind), rounds, room.session->embedding.ip,
                                           room.session->embedding.port));
    }
    checks.verified = checks.told->status == Status::Success && rounds == attempt.rounds.size();
}

}  // namespace remit::protocol::language
