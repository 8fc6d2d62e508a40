#pragma once

#include "base/descriptor.hpp"
#include "fabric/fabric.hpp"
#include "fabric/verbs/choice.hpp"
#include "fabric/verbs/handles.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace remit::fabric::verbs {

/// An opened device with what all objects on it share: protection domain, completion channel, wake-ups, events.
/// Every object made on it holds it, so that it is closed last. One thread.
class Device {
public:
    /// Opens the device, port and GID that `options` name or choice.hpp picks. @throws Error as open_verbs().
    explicit Device(const VerbsOptions& options);

    [[nodiscard]] ibv_context* context() const noexcept { return context_.get(); }
    [[nodiscard]] ibv_pd* domain() const noexcept { return domain_.get(); }
    [[nodiscard]] ibv_comp_channel* channel() const noexcept { return channel_.get(); }
    [[nodiscard]] const VerbsOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const PortInfo& port() const noexcept { return port_; }
    [[nodiscard]] const GidChoice& gid() const noexcept { return gid_; }
    [[nodiscard]] std::uint32_t mtu() const noexcept { return mtu_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
    /// RDMA READs a queue pair may have on the wire at once.
    [[nodiscard]] std::uint8_t reads_in_flight() const noexcept { return reads_in_flight_; }
    [[nodiscard]] std::string describe() const;
    /// -1: none, or not known.
    [[nodiscard]] int numa_node() const noexcept { return numa_node_; }

    [[nodiscard]] int wake_descriptor() const noexcept { return wake_.get(); }
    void clear_wakeups();
    [[nodiscard]] std::optional<AsyncEvent> next_event();

    /// Receives outstanding, by the number that a receive queue got here. Kept on the device, since completion queues
    /// see receives of any of its receive queues, also of one that its owner has let go.
    [[nodiscard]] std::uint32_t add_receive_queue() noexcept { return next_receive_queue_++; }
    [[nodiscard]] std::uint32_t& outstanding(std::uint32_t receive_queue) { return outstanding_[receive_queue]; }

private:
    void open(const VerbsOptions& options);
    void read_limits();
    void watch();
    void read_events();
    [[nodiscard]] AsyncEvent translate(const ibv_async_event& event) const;

    VerbsOptions options_;
    std::string name_;
    PortInfo port_;
    GidChoice gid_;
    std::uint32_t mtu_ = 0;
    Limits limits_;
    std::uint8_t reads_in_flight_ = 0;
    int numa_node_ = -1;

    ContextHandle context_;
    DomainHandle domain_;
    ChannelHandle channel_;
    Descriptor wake_;
    std::deque<AsyncEvent> events_;
    std::unordered_map<std::uint32_t, std::uint32_t> outstanding_;
    std::uint32_t next_receive_queue_ = 0;
};

/// Throws Error(environment) "cannot WHAT on DEVICE: words of `error` (number)HINT".
[[noreturn]] void fail(const Device& device, const std::string& what, int error, const std::string& hint = "");

}  // namespace remit::fabric::verbs
