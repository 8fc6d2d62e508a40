#include "fabric/loopback/network.hpp"

#include "base/checked.hpp"
#include "base/log.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>
#include <remit/error.hpp>

#include <array>
#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

namespace remit::fabric::loopback {
namespace {

constexpr std::size_t kMaxEvents = 1024;
constexpr std::uint32_t kTwentyFourBits = 0xffffff;

Descriptor make_eventfd() {
    Descriptor descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (descriptor.valid()) return descriptor;
    throw Error(ErrorKind::environment, "cannot create an eventfd: " + std::generic_category().message(errno) +
                                            "; raise the limit of open files (`ulimit -n`)");
}

std::array<std::uint8_t, 16> random_gid() {
    std::array<std::uint8_t, 16> gid{'l', 'o', 'o', 'p'};
    std::random_device random;
    for (std::size_t i = 4; i < gid.size(); ++i) gid[i] = static_cast<std::uint8_t>(random());
    return gid;
}

}  // namespace

const Limits& limits() noexcept {
    static constexpr Limits kLimits{1U << 30U, 16, 32768, 4U << 20U, 1U << 20U};
    return kLimits;
}

Port::Port(std::string port_name) : name(std::move(port_name)), wakeups(make_eventfd()) {}

void Port::wake() noexcept {
    // Fails only when the counter is full, and then the descriptor is readable already.
    static_cast<void>(::eventfd_write(wakeups.get(), 1));
}

void Port::tell(AsyncEvent event) {
    if (events.size() == kMaxEvents) {
        log().warn("{}: {} events that nobody took; dropped: {}", name, kMaxEvents, events.front().text);
        events.pop_front();
    }
    events.push_back(std::move(event));
    wake();
}

void CompletionQueueState::push(Entry entry) {
    if (entries.size() >= depth) {
        if (!overrun) port->tell({AsyncEvent::Kind::device_fatal, 0, port->name + ": CQ overrun"});
        overrun = true;
        return;
    }
    entries.push_back(std::move(entry));
    if (std::exchange(armed, false)) port->wake();
}

Network::Network(std::string network_name) : name_(std::move(network_name)), gid_(random_gid()) {}

std::shared_ptr<Network> Network::find(const std::string& name) {
    // Process-wide by purpose: fabrics that know nothing of each other but the name must meet.
    static std::mutex guard;
    static std::map<std::string, std::weak_ptr<Network>> networks;
    const std::lock_guard lock(guard);
    std::weak_ptr<Network>& slot = networks[name];
    std::shared_ptr<Network> network = slot.lock();
    if (!network) slot = network = std::make_shared<Network>(name);
    return network;
}

std::shared_ptr<Port> Network::add_port() {
    return std::make_shared<Port>(fmt::format("loopback:{}:{}", name_, next_port_++));
}

std::uint32_t Network::add(RegionState region) {
    // Spread, so that a key that is off by one is no key.
    const std::uint32_t key = next_key_++ * 2654435761U;
    regions_.emplace(key, std::move(region));
    return key;
}

const RegionState* Network::find_region(std::uint32_t key, const Port& port, std::uint64_t address,
                                        std::uint64_t bytes) const {
    const auto found = regions_.find(key);
    if (found == regions_.end() || found->second.port.get() != &port) return nullptr;
    const RegionState& region = found->second;
    const auto end = checked_add(address, bytes);
    const bool inside = end && address >= region.address && *end <= region.address + region.length;
    return inside ? &region : nullptr;
}

void Network::add(const std::shared_ptr<QueuePairState>& queue_pair) {
    // Growing, so that the number of a destroyed queue pair comes back only after all others; the sequence number
    // tells the two apart even then.
    do next_number_ = (next_number_ + 1) & kTwentyFourBits;
    while (next_number_ < 16 || queue_pairs_.count(next_number_) != 0);
    queue_pair->local.number = next_number_;
    queue_pair->local.psn = std::random_device{}() & kTwentyFourBits;
    queue_pair->local.mtu = 4096;
    queue_pair->local.gid = gid_;
    queue_pairs_.emplace(next_number_, queue_pair);
}

std::shared_ptr<QueuePairState> Network::find_queue_pair(std::uint32_t number) const {
    const auto found = queue_pairs_.find(number);
    return found == queue_pairs_.end() ? nullptr : found->second;
}

}  // namespace remit::fabric::loopback
