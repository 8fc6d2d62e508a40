#pragma once

// The library remit::bootstrap, beside remit::remit: how workers find each other where no framework does that for them.
// Nothing here has a part in a session: once an endpoint is known, remit's own control channel does the rest.

#include <remit/error.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace remit::bootstrap {

/// Which embedding worker of a group: its place among tensor-parallel, data-parallel and pipeline ranks.
struct RankId {
    std::uint32_t tp = 0;
    std::uint32_t dp = 0;
    std::uint32_t pp = 0;

    auto operator<=>(const RankId&) const = default;
};

/// How many ranks of each kind the group has.
struct RankSizes {
    std::uint32_t tp = 1;
    std::uint32_t dp = 1;
    std::uint32_t pp = 1;

    bool operator==(const RankSizes&) const = default;
};

inline constexpr std::uint32_t kMostRanks = 65536;  ///< of one kind

/// An embedding worker as a directory knows it.
struct Peer {
    std::string ip;             ///< numeric, without brackets
    std::uint16_t port = 0;
    std::string public_key{};  ///< 40 characters of Z85, for ReceiveOptions::server_key; empty: none

    bool operator==(const Peer&) const = default;
};

/// "tp 0, dp 1, pp 0"
[[nodiscard]] std::string to_string(const RankId& rank);

/// What LanguageWorker::receive() takes: "tcp://10.0.0.5:7700", "tcp://[fd00::5]:7700"
[[nodiscard]] std::string endpoint_of(const Peer& peer);
/// The other way, of what EmbeddingWorker::endpoint() says. @throws Error(bad_argument) for what is no such endpoint, or has
/// port 0.
[[nodiscard]] Peer peer_at(std::string_view endpoint);

struct DirectoryOptions {
    /// Of each step of a request: to connect, to write, until more of the answer comes; and of the answer's body as a whole.
    /// 1 ms … 10 min. A name of a host is looked up by the system, which has times of its own.
    std::chrono::milliseconds timeout{5000};
};

/// How an embedding worker is written down.
struct RegistrationOptions {
    RankId rank{};
    RankSizes sizes{};
    /// The entry ends so long after the process did; it is said again three times as often. 1 s … 1 day.
    std::chrono::seconds lifetime{30};
    /// Told on the registration's own thread that the directory was lost (`known` false) or knows the worker again, once each,
    /// and why; and that an entry could not be taken back, by whoever ends the registration. It must not throw, nor end the
    /// registration.
    std::function<void(bool known, const std::string& what)> on_change{};
};

/// Keeps an embedding worker written down for as long as it lives, by a thread of its own. A directory that is gone for a while
/// is told again when it is back. Its end takes the entry back where the directory can be told to (etcd), and blocks for two
/// requests at most.
class PeerRegistration {
public:
    ~PeerRegistration();
    PeerRegistration(PeerRegistration&& other) noexcept;
    PeerRegistration& operator=(PeerRegistration&& other) noexcept;

private:
    friend class PeerDirectory;
    struct Impl;
    explicit PeerRegistration(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

/// Where embedding workers are written down and looked up. Each call is a request of its own and bounded in time; between
/// calls nothing is connected. A cheap handle; any threads may use it at once.
class PeerDirectory {
public:
    /// @param where "http://HOST:PORT" for a server of /route, "etcd://HOST:PORT/PREFIX" for etcd, else the path of a TOML file
    /// of peers, which is read here and not again. docs/bootstrap.md has each of them.
    /// @throws Error(bad_argument) for an address, a file, an option that is none; nothing is connected yet.
    explicit PeerDirectory(const std::string& where, const DirectoryOptions& options = {});

    /// The worker of that rank; nothing: it is not there, yet. Blocks for one request.
    /// @throws Error(environment) where the directory cannot be reached or what it says makes no sense.
    [[nodiscard]] std::optional<Peer> find(const RankId& rank = {}) const;
    /// Looks five times a second until it is there: workers and directories may be started in any order. Blocks for `patience`
    /// and one request at most; a directory that cannot be reached meanwhile is waited for as well.
    /// @throws Error(environment) that says what was awaited, how long and what the directory last said.
    [[nodiscard]] Peer wait_for(const RankId& rank, std::chrono::milliseconds patience) const;

    /// Writes `peer` down, and goes on to until the result is destroyed, which may be after this object. Blocks for one request.
    /// @throws Error(bad_argument) for the peer or an option, Error(environment) where the directory cannot be reached or
    /// refuses, Error(misuse) for a file.
    [[nodiscard]] PeerRegistration register_worker(const Peer& peer, const RegistrationOptions& options = {}) const;

    /// For messages: "http://10.0.0.1:8998".
    [[nodiscard]] std::string name() const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace remit::bootstrap
