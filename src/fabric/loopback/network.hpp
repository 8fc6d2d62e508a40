#pragma once

#include "base/descriptor.hpp"
#include "base/recycler.hpp"
#include "fabric/fabric.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

/// State of the loopback fabric. Everything that another fabric's thread may touch is guarded by the one mutex of its
/// network, held for the whole of a post, a poll or a (de)registration: one lock cannot be taken in a wrong order, and
/// memory cannot be deregistered under a copy. Functions that want it held say "locked".
namespace remit::fabric::loopback {

struct QueuePairState;

/// What stands for the device of one fabric: the wake-up descriptor and its asynchronous events.
struct Port {
    explicit Port(std::string port_name);
    /// Makes the descriptor readable.
    void wake() noexcept;
    /// Locked. Keeps the event for next_event() and wakes; of very many that nobody takes the oldest go, logged.
    void tell(AsyncEvent event);

    std::string name;
    Descriptor wakeups;  ///< eventfd, non-blocking
    std::deque<AsyncEvent> events;
};

struct CompletionQueueState {
    struct Entry {
        Completion completion;
        std::weak_ptr<QueuePairState> owner;
        std::uint32_t freed_slots = 0;  ///< of the owner's send queue, once polled
    };

    std::shared_ptr<Port> port;
    std::size_t depth = 0;
    bool armed = false;
    bool overrun = false;  ///< sticky, as on a device: poll() throws from then on
    Recycler memory;
    std::pmr::deque<Entry> entries{&memory};

    /// Locked. Adds an entry and wakes its owner where armed.
    void push(Entry entry);
};

struct ReceiveQueueState {
    std::shared_ptr<Port> port;
    std::uint32_t depth = 0;
    std::uint32_t available = 0;    ///< posted and not consumed
    std::uint32_t outstanding = 0;  ///< posted and neither polled nor dropped
};

struct QueuePairState {
    enum class Mode : std::uint8_t { created, connected, error, closed };

    std::shared_ptr<Port> port;
    std::shared_ptr<CompletionQueueState> send_completions;
    std::shared_ptr<CompletionQueueState> receive_completions;
    std::shared_ptr<ReceiveQueueState> receives;  ///< may be empty
    std::uint32_t depth = 0;
    std::uint32_t used_slots = 0;    ///< requests whose completion, or a later one's, was not polled
    std::uint32_t silent_slots = 0;  ///< of those: done, unsignalled, since the last completion
    Mode mode = Mode::created;
    QueuePairAddress local;
    QueuePairAddress remote;
};

struct RegionState {
    std::shared_ptr<Port> port;
    std::uint64_t address = 0;
    std::uint64_t length = 0;
    Access access = Access::local;
    std::uint64_t data = 0;  ///< where the first byte really lies: `address`, or a mapping of a dma-buf
};

/// The fabrics that reach each other.
class Network {
public:
    explicit Network(std::string network_name);

    /// The network of that name in this process, made where it is not there; it ends with its last fabric.
    [[nodiscard]] static std::shared_ptr<Network> find(const std::string& name);

    [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Tells this network from others, also from those of other processes.
    [[nodiscard]] const std::array<std::uint8_t, 16>& gid() const noexcept { return gid_; }

    // All locked.
    [[nodiscard]] std::shared_ptr<Port> add_port();
    [[nodiscard]] std::uint32_t add(RegionState region);
    void remove_region(std::uint32_t key) noexcept { regions_.erase(key); }
    /// The bytes of a region that `port` owns, where key and bounds allow it.
    [[nodiscard]] const RegionState* find_region(std::uint32_t key, const Port& port, std::uint64_t address,
                                                 std::uint64_t bytes) const;
    /// Gives it its number and initial sequence number.
    void add(const std::shared_ptr<QueuePairState>& queue_pair);
    void remove_queue_pair(std::uint32_t number) noexcept { queue_pairs_.erase(number); }
    [[nodiscard]] std::shared_ptr<QueuePairState> find_queue_pair(std::uint32_t number) const;

private:
    std::mutex mutex_;
    std::string name_;
    std::array<std::uint8_t, 16> gid_;
    std::uint32_t next_port_ = 0;
    std::uint32_t next_key_ = 1;
    std::uint32_t next_number_ = 16;  // as on devices, where the first ones are special
    std::unordered_map<std::uint32_t, RegionState> regions_;
    std::map<std::uint32_t, std::shared_ptr<QueuePairState>> queue_pairs_;
};

[[nodiscard]] const Limits& limits() noexcept;

}  // namespace remit::fabric::loopback
