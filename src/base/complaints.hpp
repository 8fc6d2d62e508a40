#pragma once

#include "base/event_log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace remit {

/// What others do wrong, in the log, at a bounded rate: once a second for each kind and peer, so that one peer neither
/// fills the log nor hides what another does. Peers beyond a bound share one turn. Owned by one thread.
class Complaints {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMostRemembered = 1024;
    static constexpr std::chrono::seconds kPeriod{1};

    /// Logs `text` as a warning if it is the turn of `kind` and `peer`, with the count of those that were not logged. The
    /// line's event is `kind` where `fields` names none.
    void warn(const std::string& kind, const std::string& peer, const std::string& text, const LogFields& fields = {});
    /// The same for what is no fault, and still a peer's to repeat.
    void info(const std::string& kind, const std::string& peer, const std::string& text, const LogFields& fields = {});

    /// As warn(), without the log: nothing where it is not their turn, else how many went unlogged since the last.
    struct Turn {
        bool now = false;
        std::uint64_t unlogged = 0;
    };
    Turn take_turn(const std::string& kind, const std::string& peer, Clock::time_point now);

    [[nodiscard]] std::size_t remembered() const noexcept { return entries_.size(); }

private:
    struct Entry {
        Clock::time_point next{};
        std::uint64_t unlogged = 0;
    };
    using Key = std::pair<std::string, std::string>;

    void write(spdlog::level::level_enum level, const std::string& kind, const std::string& peer, const std::string& text,
               const LogFields& fields);
    Entry& entry_of(const Key& key, Clock::time_point now);

    std::map<Key, Entry> entries_;
    Entry shared_;  ///< of all whom entries_ has no place for
};

}  // namespace remit
