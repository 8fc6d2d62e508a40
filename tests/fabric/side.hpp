#pragma once

#include "fabric/fabric.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

/// One of the two ends of a test, in a thread or in a process of its own, and what it needs to reach the other.
namespace remit::fabric::test {

/// A wait, longer by the factor in REMIT_TIME_SCALE where devices are emulated.
[[nodiscard]] std::chrono::milliseconds scaled(int milliseconds);

class Side {
public:
    /// `socket`: one end of a socket pair; stays the caller's.
    Side(int socket, std::unique_ptr<Fabric> fabric) : socket_(socket), fabric_(std::move(fabric)) {}

    [[nodiscard]] Fabric& fabric() noexcept { return *fabric_; }

    template <class T>
    void send(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        write_all(&value, sizeof value);
    }
    template <class T>
    [[nodiscard]] T receive() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        read_all(&value, sizeof value);
        return value;
    }
    /// Both ends have come to the same point.
    void meet();

private:
    void write_all(const void* data, std::size_t bytes);
    void read_all(void* data, std::size_t bytes);

    int socket_;
    std::unique_ptr<Fabric> fabric_;
};

struct EndpointOptions {
    std::size_t bytes = 64 * 1024;
    Access access = Access::remote_read_write;
    std::uint32_t depth = 64;
    std::uint32_t completions = 1024;
    std::uint32_t receives = 16;  ///< depth of the receive queue
    std::uint32_t posted_receives = 16;
};

/// Memory, queues and a queue pair connected to the other side's.
class Endpoint {
public:
    explicit Endpoint(Side& side, const EndpointOptions& options = {});

    /// Exchanges addresses and connects; both sides call it.
    void connect();
    /// Another queue pair on the same queues, not connected.
    [[nodiscard]] std::unique_ptr<QueuePair> make_queue_pair();

    [[nodiscard]] Piece piece(std::size_t offset, std::size_t bytes) const;
    /// A signalled write to `remote_offset` of the peer's memory.
    [[nodiscard]] WorkRequest write(std::uint64_t id, std::span<const Piece> pieces, std::size_t remote_offset) const;
    PostResult post(const WorkRequest& request) { return queue_pair->post({&request, 1}); }

    /// Waits, asleep on the wake-up descriptor, for exactly that many completions; throws after a deadline.
    [[nodiscard]] std::vector<Completion> wait(std::size_t count, int milliseconds = 20'000);
    [[nodiscard]] Completion wait_one(int milliseconds = 20'000) { return wait(1, milliseconds).front(); }
    /// What is there now.
    [[nodiscard]] std::size_t poll_count();

    Side& side;
    EndpointOptions options;
    std::vector<std::byte> memory;
    std::unique_ptr<MemoryRegion> region;
    std::unique_ptr<CompletionQueue> completions;
    std::unique_ptr<ReceiveQueue> receives;
    std::unique_ptr<QueuePair> queue_pair;

    struct Peer {
        QueuePairAddress queue_pair;
        std::uint64_t address = 0;
        std::uint64_t length = 0;
        std::uint32_t key = 0;
    };
    Peer peer;
};

/// A pattern in which no two neighbours of any alignment are alike for long.
void fill(std::span<std::byte> memory, std::uint32_t seed);
[[nodiscard]] std::vector<std::byte> pattern(std::size_t bytes, std::uint32_t seed);

/// Offset of the first differing byte, or -1.
[[nodiscard]] std::ptrdiff_t first_difference(std::span<const std::byte> a, std::span<const std::byte> b);

/// A case of the conformance test: what a fabric must do, whichever it is.
struct Case {
    const char* name;
    std::function<void(Side&)> sender;
    std::function<void(Side&)> receiver;
};
inline void PrintTo(const Case& test, std::ostream* out) {
    *out << test.name;
}
[[nodiscard]] const std::vector<Case>& conformance_cases();
/// Those where the wire's patience is waited out: run with short retry times.
[[nodiscard]] const std::vector<Case>& impatient_cases();

}  // namespace remit::fabric::test
