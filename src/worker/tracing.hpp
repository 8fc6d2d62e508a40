#pragma once

#include "protocol/messages.hpp"
#include "trace/recorder.hpp"

namespace remit::worker {

[[nodiscard]] inline trace::AttemptId traced(const protocol::AttemptKey& key) noexcept {
    return {key.session, key.generation, key.attempt};
}
[[nodiscard]] inline trace::AttemptId traced(const protocol::GenerationKey& key) noexcept {
    return {key.session, key.generation, 0};
}

/// The clock, where there is a trace to note it in; else 0, and it is not read.
[[nodiscard]] inline trace::Nanoseconds traced_now(const trace::Recorder* trace) noexcept {
    return trace != nullptr ? trace::now() : 0;
}

/// Notes down a control message and the time that it took since `begin`. Where there is no trace nothing is done.
void note_sent(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToEmbedding& message);
void note_sent(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToLanguage& message);
void note_received(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToEmbedding& message);
void note_received(trace::Recorder* trace, trace::Nanoseconds begin, const protocol::ToLanguage& message);

}  // namespace remit::worker
