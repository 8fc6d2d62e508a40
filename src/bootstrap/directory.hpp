#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bootstrap/peer.hpp"

namespace remit::bootstrap {

/// Where embedding workers are written down and looked up. Every call is bounded in time. Any threads may look up at once;
/// publish() and withdraw() are of one at a time.
class Directory {
public:
    virtual ~Directory() = default;

    /// Writes `peer` down as that rank, or says again that it is there. It is forgotten where that is not said again
    /// within `lifetime`. @throws Error(environment) where the directory cannot be reached or refuses.
    virtual void publish(const RankId& rank, const RankSizes& sizes, const Peer& peer, std::chrono::seconds lifetime) = 0;

    /// Forgets what publish() of this object wrote, where the directory can be told to. Returns why that was not possible;
    /// empty where it was, or where there is nothing to tell.
    [[nodiscard]] virtual std::string withdraw() = 0;

    /// Nothing: no such rank yet. @throws Error(environment) where the directory cannot be reached or what it says makes
    /// no sense.
    [[nodiscard]] virtual std::optional<Peer> find(const RankId& rank) const = 0;

    /// For messages: "http://10.0.0.1:8998".
    [[nodiscard]] virtual std::string name() const = 0;
};

/// By what `where` begins with: "http://HOST:PORT" for a server of /route, "etcd://HOST:PORT/PREFIX" for etcd.
/// Nothing is connected yet. @throws Error(bad_argument).
[[nodiscard]] std::unique_ptr<Directory> open_directory(const std::string& where, const DirectoryOptions& options = {});

/// The ranks that a TOML file lists. @throws Error(bad_argument) with name and line.
[[nodiscard]] std::unique_ptr<Directory> open_peers_file(const std::string& path);

/// Looks until the rank is there: workers and directories may be started in any order.
/// @param wait sleeps for that time, or returns false where the wait shall end
/// @throws Error(environment) that says what was awaited, how long and what the directory last said.
[[nodiscard]] Peer wait_for_peer(const Directory& directory, const RankId& rank, std::chrono::milliseconds patience,
                                 const std::function<bool(std::chrono::milliseconds)>& wait);

}  // namespace remit::bootstrap
