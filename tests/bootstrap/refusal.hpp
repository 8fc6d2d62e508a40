#pragma once

#include <remit/error.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace remit::bootstrap::test {

/// What an Error of `call` says; "(accepted)" where there is none.
template <typename Call>
std::string refusal(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "(accepted)";
}

/// Looks again and again for up to half a minute.
inline bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace remit::bootstrap::test
