#pragma once

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
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace remit {

/// Where a sink wants its tokens: one contiguous tensor a segment in the order of layout.segments(), token after
/// token, mrope_positions as [3, total_tokens]; the aux entry is ignored. The memory is remit's from the sink's
/// return to the room's end.
struct SinkTensors {
    std::vector<void*> data;
};

/// Called once with the length of the request, on the worker's thread: it may allocate, it must not block.
/// An exception fails the room with its message.
using Sink = std::function<SinkTensors(std::uint64_t total_tokens)>;

/// Keeps the blocks: Reception::table() names them until Reception::release().
struct KeepBlocks {};

/// No guess of the caller's: the worker guesses from the lengths of its latest requests, see GuessOptions.
inline constexpr std::optional<std::uint64_t> kAutoTokens = std::nullopt;

struct ReceiveOptions {
    std::optional<std::uint64_t> expected_tokens = 1024;  ///< the guess, or kAutoTokens; 0: ask for the size first
    std::uint32_t required_dst_info_num = 1;  ///< language workers that each get a copy of this room
    std::variant<KeepBlocks, Sink> into = KeepBlocks{};
    std::chrono::milliseconds deadline{0};  ///< 0: the worker's room_deadline
    /// Of several ranks of a room one may own its deadlines, since clocks that end it at different moments would hang
    /// what the ranks do together. False: another does. This one then waits for timing.backstop_deadline (or `deadline`
    /// where it is given) and by itself ends for no other wait; the owner's decision comes with the embedding worker's
    /// STATUS, within a round trip, or earlier by abort(reason) from whoever hands it down.
    bool owns_deadline = true;
    /// Public key of this embedding worker, as generate_keys() returns it; empty: that of keys.server_key_file. Its file
    /// belongs into the folder keys.allowed_keys too, since the embedding worker answers on a connection of its own.
    std::string server_key{};
};

/// What happened to a room and when, for people and traces.
struct RoomEvent {
    std::chrono::steady_clock::time_point time;
    std::string what;            ///< "INIT", "RESUME", "announced", "round complete", "copied out", "final"
    std::uint32_t round = 0;
    std::uint64_t first_token = 0;
    std::uint64_t tokens = 0;    ///< of the round or offer; of the request for "announced"
    std::uint32_t blocks = 0;
    Status status = Status::Bootstrapping;
};

/// One request on its way in. A cheap handle to shared state; thread-safe. Dropping the last handle of a room with
/// kept blocks gives them back; dropping an unfinished one aborts it.
class REMIT_API Reception {
public:
    [[nodiscard]] Status poll() const noexcept;
    /// Blocks until the room has ended or `deadline` has passed; returns the status then.
    Status wait(std::chrono::steady_clock::time_point deadline) const;
    Status wait_for(std::chrono::milliseconds time) const { return wait(std::chrono::steady_clock::now() + time); }
    /// For a consumer on a stream. With a sink: blocks until the device has the room's last copy, if not all of it is
    /// done, makes `stream` wait for that, and returns Success: what is put into the stream from then on reads all tokens,
    /// total_tokens() and aux() are there, poll() follows. With kept blocks, or where the CPU copies: as wait(deadline).
    /// For a room that Failed, or has not come so far by `deadline`: its status then, and nothing is put into the stream.
    /// @throws Error(misuse) for a stream that captures a graph, Error(bad_argument) for one that is not the device's.
    Status wait(Stream stream, std::chrono::steady_clock::time_point deadline) const;
    /// Why it Failed; empty otherwise.
    [[nodiscard]] std::string reason() const;
    /// An eventfd that becomes readable at the end; owned by the handle, made at the first call. @throws Error(environment).
    [[nodiscard]] int descriptor() const;
    /// Gives the request up; returns at once. Blocks go back when nothing can write into them any more. A `send` that
    /// the request has met ends Failed with it, also where the two cross on their way: ask again with a new `send`.
    /// `reason` is what reason() says here, at the embedding worker, and at the other ranks where they fail with it.
    void abort(const std::string& reason = {}) const;
    /// What the embedding worker last said of the room: whether waiting, or asking again, helps.
    [[nodiscard]] SenderAnswer answer() const noexcept;

    /// Length of the request; 0 until it is known.
    [[nodiscard]] std::uint64_t total_tokens() const noexcept;
    [[nodiscard]] std::uint32_t rounds() const noexcept;   ///< complete rounds
    [[nodiscard]] std::uint32_t resumes() const noexcept;  ///< rounds() without the first
    /// After Success, told by poll() or by either wait(): the aux of the request.
    [[nodiscard]] Aux aux() const;
    /// After Success with kept blocks: the block table, ceil(total / block size) blocks.
    [[nodiscard]] BlockTable table() const;
    /// Gives kept blocks back; reading them afterwards is an error. Safe to call twice.
    void release() const;
    /// What has happened so far.
    [[nodiscard]] std::vector<RoomEvent> history() const;

    struct State;
    explicit Reception(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

/// The receiver. Owns one thread, which owns all of the worker's state; every method may be called from any thread.
class REMIT_API LanguageWorker {
public:
    /// @throws Error(bad_argument) for options, Error(environment) where the machine lacks something.
    LanguageWorker(const LanguageWorkerOptions& options, const Layout& layout, std::uint32_t pool_blocks);
    /// stop(), then destroys what is left of queue pairs and memory regions.
    ~LanguageWorker();
    LanguageWorker(const LanguageWorker&) = delete;
    LanguageWorker& operator=(const LanguageWorker&) = delete;

    [[nodiscard]] std::string endpoint() const;
    [[nodiscard]] std::string device() const;
    [[nodiscard]] DataPath data_path() const;
    [[nodiscard]] const Layout& layout() const noexcept;
    [[nodiscard]] std::uint32_t pool_blocks() const noexcept;
    /// Blocks in no room's hands: pool_blocks() when all is at rest.
    [[nodiscard]] std::uint32_t free_blocks() const noexcept;
    /// What kAutoTokens stands for now, in tokens, before the share of free blocks that a guess may take.
    [[nodiscard]] std::uint64_t guessed_tokens() const noexcept;
    [[nodiscard]] Counters counters() const noexcept;
    /// All that the worker counts, with the label worker="language": docs/observability.md has each with its meaning. Costs the
    /// worker's thread nothing; also after stop().
    [[nodiscard]] Metrics metrics() const;
    /// How rooms and sessions stand: the oldest `most` of the rooms that have not ended. Its thread answers between two
    /// steps, in a time that goes by all there are: for people, about once a second.
    /// @throws Error(misuse) after stop() and on the worker's own thread, Error(environment) where that has not answered in `patience`.
    [[nodiscard]] WorkerSnapshot snapshot(std::size_t most = 100,
                                          std::chrono::milliseconds patience = std::chrono::milliseconds{2000}) const;

    /// Asks the embedding worker at `endpoint` for `room`; returns at once.
    /// @throws Error(bad_argument) for the room, the endpoint or the options.
    Reception receive(RoomId room, const std::string& endpoint, ReceiveOptions options = {});
    /// Ends the worker in good order and blocks until its thread has: nothing new is begun from now on (receive() throws
    /// Error(misuse)), what is under way goes on for `drain` at most, then what is left fails and the peers are told.
    /// Returns how many that were. Called again, also meanwhile from another thread, it can only bring the end forward:
    /// stop() stops at once. Kept blocks stay readable until release() or the destructor. @throws Error(misuse) on the worker's own thread.
    std::size_t stop(std::chrono::milliseconds drain = std::chrono::milliseconds{0});

    /// Address of one token's row in a kept block; valid from Success to release(). With MemoryOptions of kind cuda memory
    /// of the GPU.
    /// @throws Error(bad_argument) where an index is out of range.
    [[nodiscard]] const std::byte* row(std::size_t segment, BlockId block, std::uint32_t plane,
                                       std::uint64_t token) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace remit
