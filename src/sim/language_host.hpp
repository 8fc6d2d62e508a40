#pragma once

#include "pool/allocator.hpp"
#include "protocol/language/machine.hpp"
#include "sim/block_ledger.hpp"
#include "sim/context.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace remit::sim {

/// One life of a language worker: the product's state machine and allocator, and a driver that does what the machine
/// asks in a simulated world, each answer at a random later time.
class LanguageHost {
public:
    LanguageHost(Context& context, std::uint32_t index);
    LanguageHost(const LanguageHost&) = delete;
    LanguageHost& operator=(const LanguageHost&) = delete;

    // -- events
    void deliver(const protocol::ToLanguage& message);
    void user_receive(const Reception& reception);
    void user_abort(std::size_t which);
    /// The user of a kept table gives it back.
    void user_release(std::size_t which);
    void queue_pair_failed(const protocol::GenerationKey& generation, const std::string& reason);
    void on_time();
    void shut_down();
    void take_completion();
    /// One of the answers that the state machine waits for.
    void answer();
    /// A write lands in the pool, or an immediate takes a receive. @throws Violation.
    void land(const WorkRequest& request, std::uint64_t from, std::uint64_t bytes);
    void land_immediate(std::uint32_t queue_pair, std::uint32_t immediate);

    // -- what may happen next
    [[nodiscard]] bool has_completions() const { return !completions_.empty(); }
    [[nodiscard]] bool has_answers() const {
        return std::any_of(answers_.begin(), answers_.end(), [this](const Answer& answer) { return is_ready(answer); });
    }
    [[nodiscard]] const std::vector<std::uint64_t>& rooms() const { return rooms_; }
    [[nodiscard]] std::size_t kept() const { return kept_.size(); }
    [[nodiscard]] const protocol::language::Machine& machine() const { return machine_; }
    [[nodiscard]] Place place() const { return place_; }
    /// What is not at rest, or "".
    [[nodiscard]] std::string unrest() const;

private:
    struct Immediate {
        std::uint32_t queue_pair = 0;
        std::uint32_t value = 0;
    };
    struct Created {
        protocol::GenerationKey key;
        bool failed = false;
    };
    struct Destroyed {
        protocol::GenerationKey key;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> immediates;  ///< index of the queue pair, value
    };
    using Answer = std::variant<Created, Destroyed, protocol::language::PollDry, protocol::language::MakeVisible,
                                protocol::language::AskSink, protocol::language::CopyOut, protocol::language::Checksum>;

    void execute();
    void act(protocol::language::Tell& action);
    void act(protocol::language::CreateGeneration& action);
    void act(protocol::language::ConnectGeneration& action);
    void act(protocol::language::DestroyGeneration& action);
    void act(protocol::language::ForgetPeer&) {}
    void act(protocol::language::PollDry& action) { answers_.emplace_back(action); }
    void act(protocol::language::MakeVisible& action);
    void act(protocol::language::AskSink& action);
    void act(protocol::language::CopyOut& action);
    void act(protocol::language::Checksum& action);
    void act(protocol::language::Answered& action) { context_.trace.mix(static_cast<std::uint64_t>(action.answer)); }
    void act(protocol::language::Note& action);
    void act(protocol::language::Final& action);

    void reply(const Created& created);
    void reply(const Destroyed& destroyed);
    void reply(const protocol::language::PollDry& poll);
    void reply(const protocol::language::MakeVisible& visible);
    void reply(const protocol::language::AskSink& ask);
    void reply(const protocol::language::CopyOut& copy);
    void reply(const protocol::language::Checksum& asked);

    [[nodiscard]] bool is_ready(const Answer& answer) const;
    /// @throws Violation where an ABORT went unanswered in a history in which nothing was lost.
    void check_abort_answered(const std::string& reason) const;
    void offered(const protocol::ToEmbedding& message);
    void copy_out(const protocol::language::CopyOut& copy);
    void feed_immediate(const protocol::GenerationKey& key, std::uint32_t index, std::uint32_t value);
    /// Destroys queue pairs and takes what they have completed.
    Destroyed destroy(const protocol::GenerationKey& key);

    Context& context_;
    std::uint32_t index_;
    Place place_;
    Layout layout_;
    std::uint64_t pool_bytes_ = 0;
    std::uint64_t pool_start_ = 0;
    BlockMap pool_;
    BlockLedger ledger_;
    pool::BlockAllocator allocator_;
    protocol::language::Machine machine_;
    std::map<protocol::GenerationKey, std::vector<std::uint32_t>> generations_;
    std::deque<Immediate> completions_;
    std::uint32_t receives_;  ///< posted to the shared receive queue
    std::vector<Answer> answers_;
    std::map<protocol::language::Handle, protocol::Time> slow_sinks_;  ///< not before
    std::vector<std::uint64_t> rooms_;                                 ///< not final
    std::vector<protocol::language::Final> kept_;
    std::vector<protocol::language::Action> actions_;
};

}  // namespace remit::sim
