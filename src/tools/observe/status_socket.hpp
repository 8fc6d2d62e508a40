#pragma once

#include <remit/snapshot.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace remit::tools {

/// A Unix socket that only this user (and root) can open. Whoever connects is told how the workers stand, as JSON, and
/// nothing is read from anybody. On a thread of its own.
class StatusSocket {
public:
    using Source = std::function<std::vector<WorkerSnapshot>()>;

    /// A socket that its owner left behind, dead, is replaced. @throws Error(environment) where the path cannot be listened
    /// at: too long, somebody listens there, it is no socket.
    StatusSocket(std::string path, Source source);
    /// The socket's file goes with it.
    ~StatusSocket();
    StatusSocket(const StatusSocket&) = delete;
    StatusSocket& operator=(const StatusSocket&) = delete;

    [[nodiscard]] const std::string& path() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How the workers behind a socket stand. @throws Error(environment) where nobody listens or answers in `patience`,
/// Error(refused) for an answer that is none.
[[nodiscard]] std::vector<WorkerSnapshot> read_status(const std::string& path,
                                                      std::chrono::milliseconds patience = std::chrono::seconds(5));

/// Where the command puts its sockets where nobody names one: $XDG_RUNTIME_DIR/remit, else /tmp/remit-UID. Made where it is
/// missing, for its owner alone. @throws Error(environment) where it cannot be made, or is not this user's alone.
[[nodiscard]] std::string status_folder();
/// A name of its own for this process: "FOLDER/embed-1234.sock".
[[nodiscard]] std::string new_status_path(const std::string& command);
/// Sockets of the folder at which somebody listens; those of the dead are removed.
[[nodiscard]] std::vector<std::string> live_status_sockets();

}  // namespace remit::tools
