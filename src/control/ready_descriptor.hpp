#pragma once

namespace remit::control {

/// ZeroMQ's descriptor is edge-triggered: it may be silent while messages wait. This one can be held ready from our
/// side too, which makes it level-triggered for whoever polls it.
class ReadyDescriptor {
public:
    /// @throws Error(environment) where the process has no descriptors left.
    explicit ReadyDescriptor(int source);
    ~ReadyDescriptor();
    ReadyDescriptor(const ReadyDescriptor&) = delete;
    ReadyDescriptor& operator=(const ReadyDescriptor&) = delete;

    [[nodiscard]] int get() const noexcept { return epoll_; }
    /// Keeps the descriptor readable until release().
    void hold() noexcept;
    void release() noexcept;

private:
    int epoll_ = -1;
    int held_ = -1;
    bool holding_ = false;
};

}  // namespace remit::control
