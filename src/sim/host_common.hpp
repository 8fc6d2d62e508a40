#pragma once

#include "protocol/messages.hpp"
#include "sim/context.hpp"

#include <string>
#include <variant>

namespace remit::sim {

/// What a worker adds to what its state machine tells: its own address.
template <class Variant>
void fill_sender(Variant& message, const protocol::PeerAddress& address) {
    std::visit(
        [&](auto& m) {
            if constexpr (requires { m.from; }) m.from = address;
        },
        message);
}

/// Counts a generation that goes because its peer was silent.
/// @throws Violation where the peer lived and every message came: one that is idle is not given up.
void count_silence(Context& context, const std::string& reason);

/// A message as words for traces.
[[nodiscard]] std::string in_words(const protocol::ToEmbedding& message);
[[nodiscard]] std::string in_words(const protocol::ToLanguage& message);

}  // namespace remit::sim
