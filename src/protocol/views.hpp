#pragma once

#include "protocol/keys.hpp"
#include "protocol/time.hpp"

#include <remit/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// How a machine's rooms and sessions stand, for people who look at it: copies, never part of what it does.
namespace remit::protocol {

struct RoomView {
    RoomId room = 0;
    Status status = Status::Bootstrapping;
    Time since{};
    std::uint64_t session = 0;  ///< 0: none
    PeerAddress peer{};         ///< port 0: none
    std::uint64_t total = 0;
    std::uint64_t tokens = 0;  ///< complete
    std::uint32_t rounds = 0;  ///< complete
    std::uint32_t blocks = 0;
    std::string waits_for{};
};

struct SessionView {
    std::uint64_t session = 0;
    PeerAddress peer{};
    std::string_view state = "idle";
    std::uint32_t generations = 0;
    std::uint64_t rooms = 0;
    Time heard = kNever;  ///< kNever: of no concern
};

}  // namespace remit::protocol
