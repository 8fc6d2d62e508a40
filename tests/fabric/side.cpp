#include "side.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace remit::fabric::test {
namespace {

using Clock = std::chrono::steady_clock;

void wait_readable(int fd, Clock::time_point deadline, const char* what) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd entry{fd, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready < 0) throw std::system_error(errno, std::generic_category(), what);
    if (ready == 0) throw std::runtime_error(std::string("deadline passed while waiting for ") + what);
}

}  // namespace

std::chrono::milliseconds scaled(int milliseconds) {
    const char* text = std::getenv("REMIT_TIME_SCALE");
    const double factor = text == nullptr ? 1.0 : std::max(1.0, std::strtod(text, nullptr));
    return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds * factor));
}

void Side::write_all(const void* data, std::size_t bytes) {
    const auto* from = static_cast<const char*>(data);
    while (bytes > 0) {
        const ssize_t done = ::send(socket_, from, bytes, MSG_NOSIGNAL);
        if (done <= 0) throw std::runtime_error("the other side is gone");
        from += done;
        bytes -= static_cast<std::size_t>(done);
    }
}

void Side::read_all(void* data, std::size_t bytes) {
    const auto deadline = Clock::now() + scaled(30'000);
    auto* to = static_cast<char*>(data);
    while (bytes > 0) {
        wait_readable(socket_, deadline, "the other side");
        const ssize_t done = ::read(socket_, to, bytes);
        if (done <= 0) throw std::runtime_error("the other side has ended");
        to += done;
        bytes -= static_cast<std::size_t>(done);
    }
}

void Side::meet() {
    constexpr std::uint32_t kHere = 0x68657265;
    send(kHere);
    if (receive<std::uint32_t>() != kHere) throw std::runtime_error("the two sides are out of step");
}

Endpoint::Endpoint(Side& own_side, const EndpointOptions& wanted)
    : side(own_side), options(wanted), memory(wanted.bytes) {
    Fabric& fabric = side.fabric();
    region = fabric.register_memory(memory.data(), memory.size(), options.access);
    completions = fabric.create_completion_queue(options.completions);
    receives = fabric.create_receive_queue(options.receives);
    if (receives->post(options.posted_receives) != options.posted_receives) {
        throw std::runtime_error("receives were not accepted");
    }
    queue_pair = make_queue_pair();
}

std::unique_ptr<QueuePair> Endpoint::make_queue_pair() {
    return side.fabric().create_queue_pair({completions.get(), completions.get(), receives.get(), options.depth});
}

void Endpoint::connect() {
    side.send(Peer{queue_pair->local(), region->address(), region->length(), region->remote_key()});
    peer = side.receive<Peer>();
    queue_pair->connect(peer.queue_pair);
    side.meet();
}

Piece Endpoint::piece(std::size_t offset, std::size_t bytes) const {
    return {region->address() + offset, static_cast<std::uint32_t>(bytes), region->local_key()};
}

WorkRequest Endpoint::write(std::uint64_t id, std::span<const Piece> pieces, std::size_t remote_offset) const {
    WorkRequest request;
    request.id = id;
    request.signaled = true;
    request.remote_address = peer.address + remote_offset;
    request.remote_key = peer.key;
    request.pieces = pieces;
    return request;
}

std::vector<Completion> Endpoint::wait(std::size_t count, int milliseconds) {
    const auto deadline = Clock::now() + scaled(milliseconds);
    std::vector<Completion> taken(count);
    std::size_t have = 0;
    for (;;) {
        side.fabric().clear_wakeups();
        completions->arm();
        have += completions->poll(std::span(taken).subspan(have));
        if (have == count) return taken;
        while (side.fabric().next_event()) {
        }
        wait_readable(side.fabric().wake_descriptor(), deadline, "completions");
    }
}

std::size_t Endpoint::poll_count() {
    std::array<Completion, 64> batch;
    return completions->poll(batch);
}

void fill(std::span<std::byte> memory, std::uint32_t seed) {
    std::uint32_t state = seed * 2654435761U + 1;
    for (std::byte& byte : memory) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::byte>(state >> 24U);
    }
}

std::vector<std::byte> pattern(std::size_t bytes, std::uint32_t seed) {
    std::vector<std::byte> memory(bytes);
    fill(memory, seed);
    return memory;
}

std::ptrdiff_t first_difference(std::span<const std::byte> a, std::span<const std::byte> b) {
    const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return at == a.end() && other == b.end() ? -1 : at - a.begin();
}

}  // namespace remit::fabric::test
