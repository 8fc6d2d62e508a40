#pragma once

#include "input.hpp"
#include "sides.hpp"

#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace remit::fuzz {

/// Whom the forged messages go to.
enum class Target : std::uint8_t { embedding, language };

/// Two workers, the network between them, their users, and an attacker who reads every message and writes to one of them
/// what he likes. The input is the script of all of it, so that each case is whole and comes out the same again.
class World {
public:
    World(Target target, Input input);

    /// Plays the script, then sees that everything ends, that all memory is back and that an honest peer is served.
    void run();

private:
    // The script; world_script.cpp.
    void play_line();
    void begin_send();
    void begin_receive();
    void forge();
    void spoil(control::Frames& frames);
    void write_from_nothing();
    void deliver_forged(control::Frames frames, bool in_own_name);
    [[nodiscard]] bool to_language() { return input_.byte() % 2 == 0; }

    // Time and the network; world.cpp.
    void step(std::int64_t milliseconds);
    void carry();
    void carry(Wire& from, bool towards_language);
    void check_message(const control::Frames& frames, bool towards_language) const;
    /// Steps until `condition` holds or that much time has passed; whether it holds.
    template <class Condition>
    [[nodiscard]] bool comes_true(Condition condition, std::int64_t milliseconds) {
        for (const protocol::Time end = now_ + std::chrono::milliseconds(milliseconds); now_ < end; step(1)) {
            if (condition()) return true;
        }
        return condition();
    }

    // What must hold; world_checks.cpp.
    void check_contents();
    void check_ends();
    void check_newcomer();
    void check_stop();

    struct Direction {
        unsigned lose = 0;  ///< messages that vanish
        bool hold = false;  ///< messages wait
        std::deque<Wire::Sent> held;
    };

    Target target_;
    Input input_;
    protocol::Time now_{std::chrono::seconds(1)};
    std::unique_ptr<EmbeddingSide> embedding_;
    std::unique_ptr<LanguageSide> language_;
    Direction to_language_;
    Direction to_embedding_;
    std::vector<control::Frames> seen_;  ///< what the attacker has read on the way to his target
    std::map<RoomId, std::vector<Content>> sent_;
    std::uint64_t seed_ = 0;
    bool betrayed_ = false;  ///< the target was lied to in the name of its own peer: contents are that peer's business
};

}  // namespace remit::fuzz
