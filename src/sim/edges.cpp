#include "sim/edges.hpp"

#include "protocol/transitions.hpp"

#include <spdlog/fmt/fmt.h>

#include <string_view>

namespace remit::sim {
namespace {

/// visit(id, what it is, table) for each state machine.
template <class Visit>
void visit_machines(Visit&& visit) {
    visit("room", "what users see of a room and of a send", protocol::kRoomTransitions);
    visit("attempt", "an attempt at the embedding worker", protocol::kAttemptTransitions);
    visit("offer", "an attempt at the language worker", protocol::kOfferTransitions);
}

template <class Table>
std::string mermaid(std::string_view what, const Table& table) {
    std::string text = fmt::format("%% {}\nstateDiagram-v2\n", what);
    for (const auto& row : table) {
        text += fmt::format("    {} --> {}: {}\n", to_string(row.from), to_string(row.to), to_string(row.event));
    }
    return text;
}

/// Nodes are told apart by the machine's id: two machines have a state of one name.
template <class Table>
std::string cluster(std::string_view id, std::string_view what, const Table& table) {
    std::string text = fmt::format("  subgraph cluster_{} {{\n    label=\"{}\";\n    margin=16;\n", id, what);
    for (const auto& row : table) {
        for (const auto state : {row.from, row.to}) {
            const std::string node = fmt::format("    {}_{} [label=\"{}\"];\n", id, to_string(state), to_string(state));
            if (text.find(node) == std::string::npos) text += node;
        }
    }
    for (const auto& row : table) {
        text += fmt::format("    {0}_{1} -> {0}_{2} [label=\"{3}\"];\n", id, to_string(row.from), to_string(row.to),
                            to_string(row.event));
    }
    return text + "  }\n";
}

}  // namespace

std::string edges_text(EdgeFormat format) {
    std::string text;
    if (format == EdgeFormat::mermaid) {
        visit_machines([&](auto, auto what, const auto& table) { text += mermaid(what, table); });
        return text;
    }
    text = "digraph remit {\n  rankdir=LR;\n  fontname=\"sans-serif\";\n"
           "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n"
           "  edge [fontname=\"sans-serif\", fontsize=10];\n";
    visit_machines([&](auto id, auto what, const auto& table) { text += cluster(id, what, table); });
    return text + "}\n";
}

}  // namespace remit::sim
