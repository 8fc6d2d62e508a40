#pragma once

#include <cstdint>
#include <string>

/// What tests may do to the machine under them: only to the links that were made for them, and to the loopback
/// interface and the clock only of a guest that is theirs alone.
namespace remit::worker::test {

/// Runs a shell command; a failed one fails the test.
void run_command(const std::string& command);

/// True in a guest: its clock and its loopback interface are nobody else's.
[[nodiscard]] bool owns_the_machine();

/// netem on both ends of the link between the two devices while it lives.
class Disturbed {
public:
    explicit Disturbed(const std::string& how);
    ~Disturbed();
    Disturbed(const Disturbed&) = delete;
    Disturbed& operator=(const Disturbed&) = delete;
};

/// No control message gets through while it lives: the workers' ZeroMQ sockets talk over the loopback interface.
class ControlCut {
public:
    ControlCut();
    ~ControlCut();
    ControlCut(const ControlCut&) = delete;
    ControlCut& operator=(const ControlCut&) = delete;
};

/// The link is down while it lives; when it is gone both ports are active again, with their addresses.
class LinkDown {
public:
    LinkDown();
    ~LinkDown();
    LinkDown(const LinkDown&) = delete;
    LinkDown& operator=(const LinkDown&) = delete;
};

/// What both devices have counted so far of packets that were lost, came twice or out of order.
[[nodiscard]] std::uint64_t disturbances();

}  // namespace remit::worker::test
