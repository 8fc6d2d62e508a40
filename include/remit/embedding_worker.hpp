#pragma once

#include <remit/block_pool.hpp>
#include <remit/counters.hpp>
#include <remit/error.hpp>
#include <remit/export.hpp>
#include <remit/layout.hpp>
#include <remit/metrics.hpp>
#include <remit/options.hpp>
#include <remit/snapshot.hpp>
#include <remit/stream.hpp>
#include <remit/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace remit {

/// Source of a send that an encoder usually has: one contiguous tensor a segment, token after token
/// (mrope_positions as [3, tokens]). `data` follows layout.segments(); the aux entry is ignored and may be null.
/// Memory of the worker's kind: with MemoryOptions of kind host the CPU reads it, else the GPU, which also reads pinned
/// memory. The memory must stay as it is until the send has ended; it need not be registered.
struct ContiguousSource {
    std::vector<const void*> data;
};

/// What a send reads: a table of blocks of the worker's pool, or contiguous tensors.
using Source = std::variant<BlockTable, ContiguousSource>;

/// How a request goes out.
struct SendOptions {
    /// -8 … 8. Requests on their way share the wire by the bytes; each step up doubles a request's share, and lets it go
    /// before others that came with it. None is held up for good.
    int priority = 0;
    /// Tokens of the source that are there already; nothing: all of them. The rest is told by Send::ready(), and what is
    /// there goes out meanwhile. timing.park_deadline without a further token or any other progress fails the send.
    std::optional<std::uint64_t> ready_tokens{};
    /// The stream that fills the source: nothing is read before it has come past what was put into it before send().
    /// None: the source is filled. A stream that captures a graph is refused with Error(misuse), and so is any stream where
    /// the worker has memory of kind host: the CPU's copies know none.
    std::optional<Stream> stream{};
};

/// One request on its way out. A cheap handle to shared state; thread-safe. Dropping it does not cancel.
class REMIT_API Send {
public:
    [[nodiscard]] Status poll() const noexcept;
    /// Blocks until the send has ended or `deadline` has passed; returns the status then.
    Status wait(std::chrono::steady_clock::time_point deadline) const;
    Status wait_for(std::chrono::milliseconds time) const { return wait(std::chrono::steady_clock::now() + time); }
    /// Why it Failed; empty otherwise.
    [[nodiscard]] std::string reason() const;
    /// An eventfd that becomes readable at the end; owned by the handle, made at the first call. @throws Error(environment).
    [[nodiscard]] int descriptor() const;
    /// Says that tokens [0, tokens) of the source are there, in every segment, and stay as they are until the end. Returns at
    /// once; of no effect after the end. aux is read with token 0: it was given to send().
    /// @throws Error(bad_argument) for more than the total, Error(misuse) for fewer than were said before.
    void ready(std::uint64_t tokens) const;
    /// The same for tokens that `stream` fills: they are read once it has come past what was put into it before this call,
    /// and not before what was said to be ready earlier, whatever filled that. Returns at once.
    /// @throws as above; Error(bad_argument) for a stream of another device, Error(misuse) for one that captures a graph or
    /// for a worker with memory of kind host, Error(environment) naming another CUDA error. Nothing was said then.
    void ready(std::uint64_t tokens, Stream stream) const;
    /// Asks for the end; returns at once. The source is the caller's again when poll() is final.
    void abort() const;
    /// Rounds written so far, and how many of them were resumes.
    [[nodiscard]] std::uint32_t rounds() const noexcept;
    /// RDMA writes posted and payload bytes written.
    [[nodiscard]] std::uint64_t writes() const noexcept;
    [[nodiscard]] std::uint64_t bytes() const noexcept;
    /// Bytes copied into send regions for it. One gather feeds all language workers that are near each other, so with
    /// several of them it is less than bytes().
    [[nodiscard]] std::uint64_t gathered() const noexcept;
    /// After the end: language workers that did not get all of it. With OnDeadRank::go_on a Success may have some.
    [[nodiscard]] std::uint32_t failed_ranks() const noexcept;

    struct State;
    explicit Send(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

/// Memory of the user's that a worker sends where it lies, if the NIC reaches it: the registration goes with the last
/// handle of it and the last send that reads it. Overlapping or repeated adoption shares one. A cheap handle to shared
/// state; thread-safe. Never frees the memory, and may outlive the worker.
class REMIT_API AdoptedMemory {
public:
    /// How the NIC reaches it: "dmabuf-pcie", "dmabuf" or "peermem"; "none": it is only gathered from.
    [[nodiscard]] std::string gpu_direct() const;
    /// Why it is only gathered from; empty where it is not.
    [[nodiscard]] std::string reason() const;

    struct State;
    explicit AdoptedMemory(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

/// The sender. Owns one thread, which owns all of the worker's state; every method may be called from any thread.
class REMIT_API EmbeddingWorker {
public:
    /// @throws Error(bad_argument) for options, Error(environment) where the machine lacks something.
    EmbeddingWorker(const EmbeddingWorkerOptions& options, const Layout& layout, std::uint32_t pool_blocks);
    /// stop(), then destroys what is left of queue pairs and memory regions.
    ~EmbeddingWorker();
    EmbeddingWorker(const EmbeddingWorker&) = delete;
    EmbeddingWorker& operator=(const EmbeddingWorker&) = delete;

    /// The endpoint that language workers connect to: "tcp://10.0.0.5:7700".
    [[nodiscard]] std::string endpoint() const;
    [[nodiscard]] std::string device() const;
    [[nodiscard]] DataPath data_path() const;
    [[nodiscard]] SourcePool& pool() noexcept;
    [[nodiscard]] Counters counters() const noexcept;
    /// All that the worker counts, with the label worker="embedding": docs/observability.md has each with its meaning. Costs the
    /// worker's thread nothing; also after stop().
    [[nodiscard]] Metrics metrics() const;
    /// How sends and sessions stand: the oldest `most` of the sends that have not ended. Its thread answers between two
    /// steps, in a time that goes by all there are: for people, about once a second.
    /// @throws Error(misuse) after stop() and on the worker's own thread, Error(environment) where that has not answered in `patience`.
    [[nodiscard]] WorkerSnapshot snapshot(std::size_t most = 100,
                                          std::chrono::milliseconds patience = std::chrono::milliseconds{2000}) const;

    /// Sends `total_tokens` tokens of `source` to whoever asks for `room`; returns at once.
    /// aux[0] is written by remit; a caller's aux[0] must be 0 or total_tokens.
    /// @throws Error(bad_argument) for the room, the count, the source, an option; Error(misuse) for an aux[0] that
    /// disagrees, or a stream that captures a graph.
    Send send(RoomId room, Source source, std::uint64_t total_tokens, const Aux& aux = {},
              const SendOptions& options = {});
    /// Registers memory of the GPU that a framework owns, once and not per request: ContiguousSource tensors that lie
    /// in it whole are sent where they lie, without a copy, where gather is never. Blocks while it registers. The
    /// memory must stay until the last handle is gone; where it is freed before and its address given out anew, what
    /// lies there then is gathered, for a registration reaches the old pages. Memory that must not be registered (of a
    /// memory pool, of another process, expandable, host memory) is gathered from, as it is without this call.
    /// @throws Error(bad_argument) for null, 0 bytes, memory that is not of the worker's device; Error(environment)
    /// where memory.gpu_direct names a way that is refused, or naming the call that failed.
    AdoptedMemory adopt(const void* address, std::size_t bytes);
    /// Says that `room` never comes: whoever asks for it gets Failed with `reason`, also when INIT comes later, until
    /// timing.park_deadline or a new send(). @throws Error(bad_argument) for the room, Error(exhausted) past limits.rejections.
    void reject(RoomId room, std::string reason);
    /// Ends the worker in good order and blocks until its thread has: nothing new is begun from now on (send() throws
    /// Error(misuse)), what is under way goes on for `drain` at most, then what is left fails and the peers are told.
    /// Returns how many that were. Called again, also meanwhile from another thread, it can only bring the end forward:
    /// stop() stops at once. A peer that asks for a room without a `send` is told that it never comes. @throws Error(misuse) on the worker's own thread.
    std::size_t stop(std::chrono::milliseconds drain = std::chrono::milliseconds{0});

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace remit
