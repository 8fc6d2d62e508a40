#pragma once

#include <gtest/gtest.h>

#include <variant>
#include <vector>

/// What tests of either state machine look for among the actions that it asked for.
namespace remit::protocol {

template <class T, class Action>
[[nodiscard]] std::vector<T> all(const std::vector<Action>& actions) {
    std::vector<T> found;
    for (const Action& action : actions) {
        if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
}

/// Messages of one kind; `Tell` is the machine's.
template <class M, class Tell, class Action>
[[nodiscard]] std::vector<M> told(const std::vector<Action>& actions) {
    std::vector<M> found;
    for (const Tell& tell : all<Tell>(actions)) {
        if (const M* one = std::get_if<M>(&tell.message)) found.push_back(*one);
    }
    return found;
}

/// The only message of its kind. Fails the test where there is none, or another.
template <class M, class Tell, class Action>
[[nodiscard]] M only(const std::vector<Action>& actions) {
    const std::vector<M> found = told<M, Tell>(actions);
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? M{} : found.front();
}

}  // namespace remit::protocol
