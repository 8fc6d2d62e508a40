#include "base/complaints.hpp"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <utility>

#include "base/log.hpp"

namespace remit {

Complaints::Entry& Complaints::entry_of(const Key& key, Clock::time_point now) {
    if (const auto known = entries_.find(key); known != entries_.end()) return known->second;
    // Whoever may speak again is as if it had never spoken; a count not told goes with it.
    if (entries_.size() >= kMostRemembered) {
        std::erase_if(entries_, [now](const auto& entry) { return entry.second.next <= now; });
    }
    if (entries_.size() >= kMostRemembered) return shared_;
    return entries_[key];
}

Complaints::Turn Complaints::take_turn(const std::string& kind, const std::string& peer, Clock::time_point now) {
    Entry& entry = entry_of({kind, peer}, now);
    if (now < entry.next) {
        ++entry.unlogged;
        return {};
    }
    entry.next = now + kPeriod;
    return {true, std::exchange(entry.unlogged, 0)};
}

void Complaints::write(spdlog::level::level_enum level, const std::string& kind, const std::string& peer,
                       const std::string& text, const LogFields& known) {
    const Turn turn = take_turn(kind, peer, Clock::now());
    if (!turn.now) return;
    LogFields fields = known;
    if (fields.event.empty()) fields.event = kind;
    if (fields.peer.empty() && !fields.session) fields.peer = peer;
    log_event(level, fields, turn.unlogged > 0 ? fmt::format("{} ({} more not logged)", text, turn.unlogged) : text);
}

void Complaints::warn(const std::string& kind, const std::string& peer, const std::string& text, const LogFields& fields) {
    write(spdlog::level::warn, kind, peer, text, fields);
}

void Complaints::info(const std::string& kind, const std::string& peer, const std::string& text, const LogFields& fields) {
    write(spdlog::level::info, kind, peer, text, fields);
}

}  // namespace remit
