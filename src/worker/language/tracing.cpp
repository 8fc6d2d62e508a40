// What a language worker notes down for its trace, beside control messages.

#include "worker/language/core.hpp"
#include "worker/tracing.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace remit::worker::language {
namespace {

using trace::RoomStep;

/// The state machine's words for what happens to a room.
constexpr std::array<std::pair<std::string_view, RoomStep>, 6> kSteps{{
    {"INIT", RoomStep::init},
    {"announced", RoomStep::met},
    {"RESUME", RoomStep::resume},
    {"round complete", RoomStep::round_complete},
    {"copied out", RoomStep::copied_out},
    {"given back", RoomStep::given_back},
}};

}  // namespace

void Core::trace_session(const protocol::GenerationKey& key, trace::SessionStep step, std::size_t queue_pairs) {
    if (trace_ == nullptr) return;
    trace_->add(trace::SessionMoment{trace::now(), step, traced(key), static_cast<std::uint32_t>(queue_pairs)});
}

void Core::trace_round(const protocol::AttemptKey& key, std::uint32_t round, trace::RoundStep step) {
    if (trace_ == nullptr) return;
    trace_->add(trace::RoundMoment{.time = trace::now(), .step = step, .round = round, .of = traced(key)});
}

void Core::trace_note(const protocol::language::Note& note) {
    for (const auto& [what, step] : kSteps) {
        if (note.what != what) continue;
        trace_->add(trace::RoomMoment{.time = trace::now(),
                                      .step = step,
                                      .round = note.round,
                                      .blocks = note.blocks,
                                      .handle = note.handle,
                                      .first_token = note.range.first,
                                      .tokens = note.range.count});
        return;
    }
}

}  // namespace remit::worker::language
