#pragma once

#include "sim/context.hpp"
#include "sim/embedding_host.hpp"
#include "sim/language_host.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace remit::sim {

/// One history: a few workers, what connects them, their users and their misfortunes. Anything that may happen next is
/// an option, one of which is drawn each step; the checks stand where things happen.
class World {
public:
    World(std::uint64_t seed, std::string_view scenario, Sabotage sabotage, bool words, const Reduction& reduction);

    /// @throws Violation, or whatever escapes from the product's code.
    void run();

    [[nodiscard]] const Statistics& statistics() const { return context_.statistics; }
    [[nodiscard]] Statistics& statistics() { return context_.statistics; }
    [[nodiscard]] const Trace& trace() const { return context_.trace; }
    [[nodiscard]] const Settings& settings() const { return context_.settings; }
    /// How many there were, those that the reduction dropped included.
    [[nodiscard]] std::uint64_t misfortunes() const { return misfortunes_; }

private:
    enum class Step : std::uint8_t {
        deliver,  ///< queue
        embedding_completion,
        language_completion,
        embedding_answer,
        language_answer,
        pump,
        send,
        release,   ///< language worker, kept table
        transmit,  ///< queue pair
        land,
        complete,
        break_pair,
        receive,
        ready,  ///< embedding worker, send
        // what nobody wishes for
        tick,
        reconnect,
        duplicate,
        stall,
        pair_error,
        crash,
        stop,
        abort_room,   ///< language worker, room
        cancel_send,  ///< embedding worker, send
        reject_room,
    };
    struct Option {
        std::uint32_t weight = 0;
        Step step{};
        std::uint32_t subject = 0;
        std::uint32_t object = 0;
    };

    // world.cpp
    void make_rooms();
    [[nodiscard]] EmbeddingHost& embedding_at(Place place) { return *embeddings_[place]; }
    [[nodiscard]] LanguageHost& language_at(Place place) { return *languages_[place - embeddings_.size()]; }
    [[nodiscard]] bool is_embedding(Place place) const { return place < embeddings_.size(); }

    // world_options.cpp
    void collect(bool calm);
    void collect_workers();
    void collect_wires();
    void collect_faults();
    void add(std::uint32_t weight, Step step, std::size_t subject, std::size_t object = 0) {
        options_.push_back({weight, step, static_cast<std::uint32_t>(subject), static_cast<std::uint32_t>(object)});
    }

    // world_steps.cpp
    bool step(bool calm);
    void take(const Option& option);
    void deliver(std::size_t queue);
    [[nodiscard]] std::size_t next_send(std::size_t embedding) const;
    void begin_send(std::uint32_t embedding);
    void transmit(QueuePair& queue_pair);
    void land(QueuePair& queue_pair);
    void complete(QueuePair& queue_pair);

    // world_faults.cpp
    [[nodiscard]] bool spared();
    void take_fault(const Option& option);
    void corrupt(std::uint8_t& byte);
    void sender_error(QueuePair& queue_pair);
    void receiver_error(QueuePair& queue_pair);
    void crash(Place place);
    void stop(Place place);
    void restart(Place place);
    void jump();

    // world_ends.cpp
    void tick(protocol::Time at_most);
    void settle(protocol::Time until);
    void fresh_rooms(bool late);
    [[nodiscard]] std::string unrest();
    [[nodiscard]] std::string generations_of_nobody();

    Context context_;
    const Reduction reduction_;
    std::uint64_t misfortunes_ = 0;
    std::vector<std::unique_ptr<EmbeddingHost>> embeddings_;
    std::vector<std::unique_ptr<LanguageHost>> languages_;
    std::vector<Option> options_;
    bool hold_ = false;  ///< what is on old connections and broken queue pairs comes even later
    struct Room {
        RoomId room;
        std::uint32_t embedding;
        std::vector<std::uint32_t> languages;
        std::uint64_t total;
    };
    std::vector<Room> rooms_;
};

}  // namespace remit::sim
