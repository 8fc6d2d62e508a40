#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "bootstrap/peer.hpp"

namespace remit::bootstrap {

/// What is answered over HTTP.
struct RouteReply {
    int status = 200;
    std::string body;
    std::string type = "text/plain";
};

/// The parts of a query as they came; empty: not given.
struct RouteQuery {
    std::string engine_rank;
    std::string target_dp_group;
    std::string target_pp_rank;
};

struct RouteLimits {
    std::size_t ranks = 4096;
    std::size_t body_bytes = 64u << 10;
};

/// The ranks that registered with `/route`, and the answers: no socket, no clock. docs/bootstrap.md says whose requests
/// these are and what is checked. Not thread-safe.
class RouteTable {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit RouteTable(RouteLimits limits) : limits_(limits) {}

    /// PUT /route: a rank says where it is.
    [[nodiscard]] RouteReply put(const std::string& body, Time now);
    /// GET /route: where a rank is, or with -1 for each part how many there are.
    [[nodiscard]] RouteReply get(const RouteQuery& query, Time now);

    [[nodiscard]] std::size_t ranks() const noexcept { return entries_.size(); }

private:
    struct Entry {
        Peer peer;
        std::optional<Time> end;  ///< nothing: it stays
    };

    void forget_expired(Time now);

    RouteLimits limits_;
    std::map<RankId, Entry> entries_;
    std::optional<RankSizes> sizes_;  ///< as the latest registration said
};

}  // namespace remit::bootstrap
