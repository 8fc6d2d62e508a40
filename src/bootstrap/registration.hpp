#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "bootstrap/peer.hpp"

namespace remit::bootstrap {

/// What a rank says of itself: the body of PUT /route, and the value of a key in etcd.
struct Registration {
    bool sends = true;  ///< false: of a role that the table does not keep
    RankId rank;
    RankSizes sizes;
    Peer peer;
    std::optional<std::chrono::seconds> lifetime;  ///< nothing: for good
};

/// @throws Error(bad_argument) that names the field, its value and what is permitted.
[[nodiscard]] Registration registration_of(const std::string& json);

/// The form with attn_tp_size, attn_tp_rank, ..., which registration_of() takes.
[[nodiscard]] std::string to_json(const Registration& registration);

/// {"rank_ip": ..., "rank_port": ...}, with "public_key" where there is one: what GET /route answers.
[[nodiscard]] std::string to_json(const Peer& peer);
/// The other way. @throws Error(bad_argument).
[[nodiscard]] Peer peer_of(const std::string& json);

}  // namespace remit::bootstrap
