#pragma once

#include "base/queue_pair_address.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The fabric: one RDMA device as remit uses it. Two implementations stand behind these interfaces: `verbs`
/// (libibverbs) and `loopback` (one process, for schedulers on a laptop and for tests).
///
/// Ownership: every object keeps alive what it needs on the device, so that any order of destruction is safe; queue
/// pairs first is the natural one, since nothing is written to or read from a region once they are gone.
/// Thread-safety: none; one thread owns a fabric and all that came from it, except that the file descriptor may be
/// polled, and memory be registered and deregistered, anywhere.
/// Errors: creation and connect() throw Error; post() and poll() return a status.
namespace remit::fabric {

/// Registered memory. Deregistered on destruction; nothing may be in flight on it then.
class MemoryRegion {
public:
    virtual ~MemoryRegion() = default;
    [[nodiscard]] virtual std::uint64_t address() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t length() const noexcept = 0;
    [[nodiscard]] virtual std::uint32_t local_key() const noexcept = 0;
    [[nodiscard]] virtual std::uint32_t remote_key() const noexcept = 0;
    /// On how many devices it is registered, and the keys on each.
    [[nodiscard]] virtual std::uint32_t rails() const noexcept { return 1; }
    [[nodiscard]] virtual std::uint32_t local_key_on(std::uint32_t) const noexcept { return local_key(); }
    [[nodiscard]] virtual std::uint32_t remote_key_on(std::uint32_t) const noexcept { return remote_key(); }
};

/// What a peer that knows the remote key may do with registered memory. The local side may always read and write it.
enum class Access : std::uint8_t {
    local,
    remote_write,
    remote_read_write,  ///< also the target of Opcode::read
};

/// A range of a dma-buf, to be reached under addresses of its own. `address` and `offset` must be congruent modulo the
/// page. The descriptor may be closed once it is registered.
struct DmabufRange {
    int descriptor = -1;
    std::uint64_t offset = 0;   ///< of the first byte in the dma-buf
    std::uint64_t bytes = 0;
    std::uint64_t address = 0;  ///< of the first byte in work requests
    bool pcie = false;          ///< exported with the PCIe mapping: only where Fabric::takes_pcie_mapping()
};

/// A registration that may be refused without that being an error: there is another way to go on.
struct Registered {
    std::unique_ptr<MemoryRegion> region;  ///< empty where it was refused
    bool unsupported = false;  ///< device, driver or kernel never do this; false: it did not work for this range
    int error = 0;             ///< errno of the call
    std::string refusal;       ///< the call, its error in words and number, the remedy where there is one
};

/// One local piece of a work request.
struct Piece {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t local_key = 0;
};

enum class Opcode : std::uint8_t { write, write_with_immediate, read };

/// Identifiers from here on are the fabric's own (its receives carry them): post() refuses them with EINVAL.
inline constexpr std::uint64_t kReservedIds = 0xffff'ffff'0000'0000;

struct WorkRequest {
    std::uint64_t id = 0;  ///< returned in the completion; a slot and a generation, never a pointer; < kReservedIds
    Opcode opcode = Opcode::write;
    bool signaled = false;
    std::uint64_t remote_address = 0;
    std::uint32_t remote_key = 0;
    std::uint32_t immediate = 0;    ///< host order; travels in network order
    std::span<const Piece> pieces;  ///< at most Limits::max_pieces; empty: a zero-length request
    bool may_inline = false;        ///< the CPU can read the pieces: few bytes may go with the request itself
};

/// `sent`: of a work request, whatever its opcode; `immediate`: of a receive.
enum class CompletionKind : std::uint8_t { sent, immediate };

/// A completion. With `ok` false only `id`, `queue_pair`, `kind`, `status` and `vendor_error` mean anything.
struct Completion {
    std::uint64_t id = 0;
    std::uint32_t queue_pair = 0;  ///< rail_number() of the local queue pair
    bool ok = false;
    CompletionKind kind = CompletionKind::sent;
    std::uint32_t immediate = 0;
    std::uint32_t status = 0;  ///< number of the status, see fabric/status.hpp and status_text()
    std::uint32_t vendor_error = 0;
};

/// "transport retry counter exceeded (12, vendor error 0x81)".
[[nodiscard]] std::string status_text(const Completion& completion);

class CompletionQueue {
public:
    virtual ~CompletionQueue() = default;
    /// Takes up to out.size() completions; returns how many. @throws Error(internal) where the queue itself is broken,
    /// as after an overrun: make it as deep as the depths of all queue pairs and receive queues that complete into it.
    virtual std::size_t poll(std::span<Completion> out) = 0;
    /// Asks for one wake-up of Fabric::wake_descriptor() at the next completion. Poll once more after arming.
    virtual void arm() = 0;
};

/// Receives for immediates, shared by all queue pairs of a worker.
class ReceiveQueue {
public:
    virtual ~ReceiveQueue() = default;
    /// Posts `count` receives; returns how many were accepted: never more than depth() - outstanding().
    virtual std::uint32_t post(std::uint32_t count) = 0;
    [[nodiscard]] virtual std::uint32_t depth() const noexcept = 0;
    /// Receives posted whose completion was neither polled nor dropped with its queue pair. After destroying a queue
    /// pair, post(depth() - outstanding()) replaces what went with it.
    [[nodiscard]] virtual std::uint32_t outstanding() const noexcept = 0;
};

enum class PostStatus : std::uint8_t {
    ok,     ///< all accepted
    full,   ///< the queue is full or the provider is short of memory for now: the rest may be posted later
    error,  ///< the queue pair no longer takes work
};

struct PostResult {
    PostStatus status = PostStatus::ok;
    std::size_t accepted = 0;  ///< a prefix of the requests, whatever the status
    int error = 0;             ///< errno of the provider where status is not ok
};

class QueuePair {
public:
    /// Moves it to ERR and destroys it. Its completions that were not polled are dropped, none come after.
    virtual ~QueuePair() = default;
    [[nodiscard]] virtual const QueuePairAddress& local() const noexcept = 0;
    /// To ready-to-send towards `remote`. @throws Error(environment) naming the step and the verbs error.
    virtual void connect(const QueuePairAddress& remote) = 0;
    /// Posts a chain in order with one doorbell where the provider can. Requests posted after the queue pair failed
    /// may still be accepted: each then completes as flushed. After to_error() and before connect() none is accepted.
    virtual PostResult post(std::span<const WorkRequest> chain) = 0;
    /// To ERR: nothing more is accepted from the peer and outstanding work is flushed: every request, signalled or
    /// not, then has a completion.
    virtual void to_error() noexcept = 0;
};

struct QueuePairOptions {
    CompletionQueue* send_completions = nullptr;
    CompletionQueue* receive_completions = nullptr;  ///< nullptr: the same as send_completions
    ReceiveQueue* receives = nullptr;                ///< nullptr: the queue pair takes no immediates
    std::uint32_t depth = 256;  ///< send queue, work requests; a slot is free again once a completion of its
                                ///< own request or of a later one was polled
    std::uint32_t rail = 0;     ///< below Fabric::rails()
};

struct Limits {
    std::uint64_t max_message = 0;      ///< bytes of one write
    std::uint32_t max_pieces = 0;       ///< scatter entries of one work request
    std::uint32_t max_queue_depth = 0;  ///< work requests of one queue pair
    std::uint32_t max_completions = 0;  ///< entries of one completion queue
    std::uint32_t max_receives = 0;     ///< entries of a receive queue
};

/// Something the device said outside any completion.
struct AsyncEvent {
    enum class Kind : std::uint8_t {
        queue_pair_fatal,
        port_down,  ///< of the port in use; other ports' events are `other`
        port_up,
        device_fatal,  ///< the device, or a completion or receive queue that all its queue pairs share
        other,
    };
    Kind kind = Kind::other;
    std::uint32_t queue_pair = 0;  ///< rail_number(), for queue_pair_fatal
    std::string text;
};

class Fabric {
public:
    virtual ~Fabric() = default;
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;  ///< "verbs" or "loopback"
    [[nodiscard]] virtual std::string device() const = 0;              ///< "rxe_a0"
    [[nodiscard]] virtual std::string describe() const = 0;            ///< device, port, GID, MTU in one line, for logs
    [[nodiscard]] virtual const Limits& limits() const noexcept = 0;
    /// Devices that it drives side by side, see rails.hpp.
    [[nodiscard]] virtual std::uint32_t rails() const noexcept { return 1; }
    [[nodiscard]] virtual std::string device_on(std::uint32_t) const { return device(); }

    /// @throws Error(environment): memlock (with the limit and the command that raises it), EFAULT, device limits.
    virtual std::unique_ptr<MemoryRegion> register_memory(void* address, std::size_t bytes, Access access) = 0;
    /// Memory of a device, by dma-buf. @throws Error(bad_argument) for 0 bytes or an address not congruent to the offset.
    virtual Registered register_dmabuf(const DmabufRange& range, Access access) = 0;
    /// Memory of a device by its address, for which the kernel needs the device's peer memory module.
    /// @throws Error(bad_argument) for 0 bytes.
    virtual Registered register_peer_memory(std::uint64_t address, std::uint64_t bytes, Access access) = 0;
    /// Whether register_dmabuf() takes ranges exported with the PCIe mapping.
    [[nodiscard]] virtual bool takes_pcie_mapping() const noexcept = 0;
    /// NUMA node of the device; -1 where there is none or it is not known.
    [[nodiscard]] virtual int numa_node() const noexcept = 0;
    virtual std::unique_ptr<CompletionQueue> create_completion_queue(std::uint32_t depth) = 0;
    virtual std::unique_ptr<ReceiveQueue> create_receive_queue(std::uint32_t depth) = 0;
    virtual std::unique_ptr<QueuePair> create_queue_pair(const QueuePairOptions& options) = 0;

    /// Readable after an armed completion queue got a completion or the device has an asynchronous event.
    [[nodiscard]] virtual int wake_descriptor() const noexcept = 0;
    /// Takes pending wake-ups off the descriptor. Clear, arm, poll until empty, take the events, then wait.
    virtual void clear_wakeups() = 0;
    /// The next asynchronous event, if any.
    virtual std::optional<AsyncEvent> next_event() = 0;
};

/// How a verbs device is opened. Empty or negative: chosen by remit and logged.
struct VerbsOptions {
    std::string device;     ///< name; empty: the nearest to `near_pci`, else the owner of `local_ip`, else the first active one
    std::string near_pci;   ///< PCI address of the GPU whose memory is moved, as "0000:1b:00.0"; empty: host memory
    std::string local_ip;   ///< address the control channel uses, to find the device that owns it
    int gid_index = -1;     ///< -1: RoCEv2 routable IPv4-mapped, then IPv6; link-local only when named
    int port = 0;           ///< 0: the first active port
    std::uint32_t mtu = 0;  ///< path MTU in bytes, 0: the port's
    std::uint8_t traffic_class = 0;
    std::uint8_t service_level = 0;
    std::uint16_t pkey_index = 0;
    std::uint8_t timeout = 14;        ///< 4.096 µs * 2^timeout until a packet is sent again, 1 to 31
    std::uint8_t retry_count = 6;     ///< 0 to 7; with 7 some devices never give up
    std::uint8_t rnr_retry = 6;       ///< 0 to 6; 7 would be for ever
    std::uint8_t min_rnr_timer = 12;  ///< 0 to 31 as in the InfiniBand specification; 12: 0.64 ms
    std::uint8_t hop_limit = 64;
    bool relaxed_ordering = true;  ///< asked for where the device takes it
    bool fork_init = false;
};

/// @throws Error(environment) where no device, active port or usable GID is there, with the remedy;
/// Error(bad_argument) for an option outside its range.
[[nodiscard]] std::unique_ptr<Fabric> open_verbs(const VerbsOptions& options);

/// A fabric of this process: fabrics opened with the same `network` name reach each other. Each fabric has its own
/// thread; a write is copied by the thread that posts it and has arrived when post() returns. It judges keys, bounds,
/// receives and queue depth as a device would, without retries: a peer that is not ready fails the request at once.
[[nodiscard]] std::unique_ptr<Fabric> open_loopback(const std::string& network = "default");

}  // namespace remit::fabric
