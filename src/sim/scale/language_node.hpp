#pragma once

#include "memory/copy.hpp"
#include "pool/allocator.hpp"
#include "protocol/language/machine.hpp"
#include "sim/scale/node.hpp"

#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

namespace remit::sim::scale {

/// A language worker: the product's state machine, allocator, guess and plans.
class LanguageNode final : public Node {
public:
    LanguageNode(Cluster& cluster, Place place);
    Time serve(Item item) override;
    [[nodiscard]] Time next_deadline() const override { return machine_.next_deadline(); }
    [[nodiscard]] const protocol::language::Machine& machine() const { return machine_; }
    [[nodiscard]] std::uint32_t used_blocks() const { return allocator_.blocks() - allocator_.free_blocks(); }

    /// Blocks times nanoseconds that were held until now.
    [[nodiscard]] double block_time(Time now) const;

private:
    using Answer = std::variant<protocol::language::CreateGeneration, protocol::language::MakeVisible,
                                protocol::language::AskSink>;

    void run_actions();
    void act(protocol::language::Tell& action);
    void act(protocol::language::CreateGeneration& action) { answers_.emplace_back(action); }
    void act(protocol::language::ConnectGeneration&) {}
    void act(protocol::language::DestroyGeneration& action);
    void act(protocol::language::ForgetPeer&) {}
    void act(protocol::language::PollDry& action);
    void act(protocol::language::MakeVisible& action) { answers_.emplace_back(action); }
    void act(protocol::language::AskSink& action) { answers_.emplace_back(action); }
    void act(protocol::language::CopyOut& action);
    void act(protocol::language::Checksum& action);
    void act(protocol::language::Answered&) {}
    void act(protocol::language::Note& action);
    void act(protocol::language::Final& action);

    void reply(const protocol::language::CreateGeneration& create);
    void reply(const protocol::language::MakeVisible& visible);
    void reply(const protocol::language::AskSink& ask);

    void begin(const BeginReceive& receive);
    void account();

    Layout layout_;
    BlockMap pool_;
    pool::BlockAllocator allocator_;
    protocol::language::Machine machine_;
    std::vector<protocol::language::Action> actions_;
    std::vector<Answer> answers_;
    std::vector<memory::Copy> copies_;
    RoundLanded landed_;  ///< in this serve()
    double block_time_ = 0;
    Time accounted_{};
    std::uint32_t held_ = 0;
    Time thread_{};
    Time now_{};
};

}  // namespace remit::sim::scale
