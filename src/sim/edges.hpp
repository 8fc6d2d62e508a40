#pragma once

#include <cstdint>
#include <string>

/// The transitions that there are, drawn from the tables that the state machines look every change up in.
namespace remit::sim {

enum class EdgeFormat : std::uint8_t {
    dot,      ///< one graph for graphviz, a cluster for each machine
    mermaid,  ///< one state diagram for each machine, with its name in a comment before it
};

/// A room as its user sees it, an attempt at the embedding worker, an attempt at the language worker, in this order.
[[nodiscard]] std::string edges_text(EdgeFormat format);

}  // namespace remit::sim
