#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "bootstrap/directory.hpp"

namespace remit::bootstrap {

/// Keeps a rank written down in a directory for as long as it lives, by a thread that says so again three times a lifetime.
/// A directory that is gone for a while is told again when it is back; that touches nobody's sessions.
class Publication {
public:
    /// Publishes once before it returns. @throws Error as Directory::publish().
    Publication(std::unique_ptr<Directory> directory, Peer peer, RegistrationOptions options);
    ~Publication();
    Publication(const Publication&) = delete;
    Publication& operator=(const Publication&) = delete;

private:
    void keep();
    void publish();
    void say_again();
    void tell(bool known, const std::string& what) const;

    std::unique_ptr<Directory> directory_;
    Peer peer_;
    RegistrationOptions options_;
    bool reached_ = true;  ///< of the thread
    std::mutex mutex_;
    std::condition_variable ended_;
    bool end_ = false;
    std::thread thread_;
};

}  // namespace remit::bootstrap
