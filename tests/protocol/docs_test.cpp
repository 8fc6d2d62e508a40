// docs/protocol.md draws the state machines: what it draws is what the tables hold.

#include "protocol/transitions.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace remit::protocol {
namespace {

template <class Table>
void add_edges(const Table& table, std::multiset<std::string>& edges) {
    for (const auto& row : table) {
        edges.insert(std::string(to_string(row.from)) + " --> " + std::string(to_string(row.to)) + ": " +
                     std::string(to_string(row.event)));
    }
}

std::multiset<std::string> drawn_edges() {
    std::ifstream page(REMIT_PROTOCOL_PAGE);
    std::multiset<std::string> edges;
    for (std::string line; std::getline(page, line);) {
        if (line.find(" --> ") != std::string::npos) edges.insert(line.substr(line.find_first_not_of(' ')));
    }
    return edges;
}

TEST(ProtocolPage, DrawsTheTablesOfTheStateMachines) {
    std::multiset<std::string> expected;
    add_edges(kRoomTransitions, expected);
    add_edges(kAttemptTransitions, expected);
    add_edges(kOfferTransitions, expected);
    EXPECT_EQ(drawn_edges(), expected);
}

}  // namespace
}  // namespace remit::protocol
