#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace remit::bootstrap::test {

/// A real etcd of one member on free ports of 127.0.0.1, its data in a folder that goes with it.
class EtcdServer {
public:
    /// Starts it; returns at once.
    EtcdServer();
    ~EtcdServer();
    EtcdServer(const EtcdServer&) = delete;
    EtcdServer& operator=(const EtcdServer&) = delete;

    /// "etcd://127.0.0.1:PORT/" and the prefix.
    [[nodiscard]] std::string url(const std::string& prefix) const;
    /// What it wrote, for a failure's message.
    [[nodiscard]] std::string log() const;

    void kill();
    /// Again with the data it had and at the same address.
    void start();

private:
    std::string folder_;
    std::uint16_t client_port_;
    std::uint16_t peer_port_;
    pid_t process_ = -1;
};

}  // namespace remit::bootstrap::test
