// The tables of transitions, walked.

#include "protocol/transitions.hpp"

#include <remit/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace remit::protocol {
namespace {

template <class State, class Table>
std::set<State> reachable(const Table& table, State from) {
    std::set<State> found{from};
    for (std::size_t before = 0; before != found.size();) {
        before = found.size();
        for (const auto& row : table) {
            if (found.count(row.from) != 0) found.insert(row.to);
        }
    }
    return found;
}

template <class Table>
void expect_one_way_per_event(const Table& table) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        for (std::size_t k = i + 1; k < table.size(); ++k) {
            EXPECT_FALSE(table[i].from == table[k].from && table[i].event == table[k].event) << i << " and " << k;
        }
    }
}

template <class State, class Table>
bool leads_on(const Table& table, State from) {
    return std::any_of(table.begin(), table.end(), [&](const auto& row) { return row.from == from; });
}

TEST(Transitions, OfRoomsReachAllStatesAndEndInFinalOnes) {
    EXPECT_EQ(reachable(kRoomTransitions, Status::Bootstrapping).size(), 5u);
    EXPECT_FALSE(leads_on(kRoomTransitions, Status::Success));
    EXPECT_FALSE(leads_on(kRoomTransitions, Status::Failed));
    expect_one_way_per_event(kRoomTransitions);
}

TEST(Transitions, AnyUnfinishedRoomMayFail) {
    for (const Status status : {Status::Bootstrapping, Status::WaitingForInput, Status::Transferring}) {
        EXPECT_EQ(next_state(kRoomTransitions, status, RoomEventKind::failed), Status::Failed);
    }
}

TEST(Transitions, OfAttemptsReachAllStatesAndEndInFinalOnes) {
    EXPECT_EQ(reachable(kAttemptTransitions, AttemptState::parked).size(), 5u);
    EXPECT_FALSE(leads_on(kAttemptTransitions, AttemptState::ended));
    EXPECT_FALSE(leads_on(kAttemptTransitions, AttemptState::yielded));
    expect_one_way_per_event(kAttemptTransitions);
}

TEST(Transitions, OfOffersReachAllModesAndNothingEndsAborting) {
    EXPECT_EQ(reachable(kOfferTransitions, OfferMode::running).size(), 3u);
    EXPECT_FALSE(leads_on(kOfferTransitions, OfferMode::aborting));
    expect_one_way_per_event(kOfferTransitions);
}

TEST(Transitions, WhatIsNotListedIsAnInternalErrorThatNamesIt) {
    Status status = Status::Success;
    try {
        advance(status, RoomEventKind::failed);
        FAIL() << "left a final state";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::internal);
        EXPECT_NE(std::string(error.what()).find("Success"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("failed"), std::string::npos) << error.what();
    }
    EXPECT_EQ(status, Status::Success);
}

TEST(Transitions, AreCountedWhereAskedFor) {
    TransitionCounts counts;
    count_transitions(&counts);
    OfferMode mode = OfferMode::running;
    advance(mode, OfferEvent::yield_wanted);
    count_transitions(nullptr);
    advance(mode, OfferEvent::failed);
    EXPECT_EQ(counts.offers[0], 1u);
    EXPECT_EQ(std::count(counts.offers.begin(), counts.offers.end(), 0u), 4);
}

}  // namespace
}  // namespace remit::protocol
