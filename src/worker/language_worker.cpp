#include "control/address.hpp"
#include "control/keys.hpp"
#include "memory/cuda.hpp"
#include "pool/block_pool.hpp"
#include "trace/trace.hpp"
#include "worker/language/core.hpp"
#include "worker/open.hpp"
#include "worker/room_record.hpp"
#include "worker/tally/worker_tally.hpp"
#include "worker/unfinished_rooms.hpp"
#include "worker/worker_thread.hpp"

#include "base/log.hpp"

#include <remit/language_worker.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace remit {
namespace {

// Longer ones would pass the end of the clock.
constexpr std::chrono::milliseconds kLongestDeadline = std::chrono::hours(24 * 365);

// Rounds that a device moves out at once; more wait their turn.
constexpr std::uint32_t kCopiesAtOnce = 16;

void check(const LanguageWorkerOptions& options) {
    worker::require_descriptors();
    worker::check_options(options);
    trace::check_options(options.trace);
    const std::uint32_t queue_pairs = options.fabric.queue_pairs * worker::rails_of(options.fabric);
    if (options.limits.credits < queue_pairs) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("limits.credits is {}; permitted: at least a round's queue pairs, {}",
                                options.limits.credits, queue_pairs));
    }
}

/// An offer of all blocks must fit a message: no room could be offered them otherwise.
void check_message_bytes(const LimitOptions& limits, std::uint32_t pool_blocks) {
    constexpr std::uint64_t kOtherFrames = 4096;
    const std::uint64_t digits = std::to_string(pool_blocks).size() + 1;
    const std::uint64_t needed = digits * std::min<std::uint64_t>(pool_blocks, protocol::kMaxBlocksOfMessage) + kOtherFrames;
    if (limits.message_bytes >= needed) return;
    throw Error(ErrorKind::bad_argument,
                fmt::format("limits.message_bytes is {}; permitted: at least {} here and at the embedding worker, what an "
                            "offer of all {} blocks of the pool may take",
                            limits.message_bytes, needed, pool_blocks));
}

protocol::language::Config machine_config(const LanguageWorkerOptions& options, const pool::BlockPool& pool,
                                          const fabric::Fabric& fabric) {
    protocol::language::Config config;
    config.timing = protocol::Timing(options.timing);
    config.layout = pool.layout().shape();
    config.pool = pool.remote_map();
    config.session_base = worker::random_identity() >> 1;
    config.credits = options.limits.credits;
    config.max_peers = options.limits.peers;
    config.max_quarantine = options.limits.quarantine;
    config.max_message = fabric.limits().max_message;
    config.memory_policy = options.memory_policy;
    config.overlap = options.overlap;
    config.guess = options.guess;
    config.checksum = options.checksum;
    return config;
}

/// Where the NIC does not reach the blocks it writes pinned memory of the same size. Blocks may be kept, so both are held.
registration::PoolMemoryOptions pool_options(const MemoryOptions& options, const memory::Provider& provider) {
    const bool read_back = provider.visibility() == memory::Visibility::after_read_back;
    return {.name = "pool",
            .access = read_back ? fabric::Access::remote_read_write : fabric::Access::remote_write,
            .gpu_direct = options.gpu_direct,
            .staging = registration::Staging::mirrored};
}

}  // namespace

// -------------------------------------------------------------------------------------- Reception

Reception::State::~State() {
    if (!is_final(record->outcome.status())) {
        record->worker->inbox.post(worker::AbortRoom{record->handle, true, {}});
    } else {
        release();
    }
}

void Reception::State::release() const {
    const bool keeps = !record->sink && record->outcome.status() == Status::Success;
    if (keeps && !record->released.exchange(true)) record->worker->inbox.post(worker::ReleaseRoom{record->handle});
}

Status Reception::poll() const noexcept { return state_->record->outcome.status(); }
Status Reception::wait(std::chrono::steady_clock::time_point deadline) const {
    return state_->record->outcome.wait(deadline);
}
Status Reception::wait(Stream stream, std::chrono::steady_clock::time_point deadline) const {
    const worker::RoomRecord& record = *state_->record;
    const std::shared_ptr<memory::Streams>& streams = record.worker->streams;
    if (streams == nullptr) return record.outcome.wait(deadline);
    streams->refuse_capture(stream.handle());
    record.outcome.wait_announced(deadline);
    const Status status = record.outcome.status();
    if (is_final(status)) return status;
    // Until the last copy is launched there is nothing that a stream could wait for: an event that was never recorded lets
    // everybody pass.
    const std::shared_ptr<memory::StreamPoint> point = record.moved_out_point();
    if (point == nullptr) return status;
    streams->wait(stream.handle(), *point);
    return Status::Success;
}
std::string Reception::reason() const { return state_->record->outcome.reason(); }
int Reception::descriptor() const { return state_->record->outcome.descriptor(); }
void Reception::abort(const std::string& reason) const {
    worker::RoomRecord& record = *state_->record;
    if (record.aborted.exchange(true)) return;
    record.worker->inbox.post(worker::AbortRoom{record.handle, false, reason});
}
SenderAnswer Reception::answer() const noexcept { return state_->record->answer.load(std::memory_order_acquire); }
std::uint64_t Reception::total_tokens() const noexcept { return state_->record->total.load(std::memory_order_acquire); }
std::uint32_t Reception::rounds() const noexcept { return state_->record->rounds.load(std::memory_order_relaxed); }
std::uint32_t Reception::resumes() const noexcept {
    const std::uint32_t complete = rounds();
    return complete > 0 ? complete - 1 : 0;
}
void Reception::release() const { state_->release(); }

Aux Reception::aux() const {
    const std::lock_guard lock(state_->record->outcome.mutex());
    return state_->record->aux;
}

BlockTable Reception::table() const {
    const std::lock_guard lock(state_->record->outcome.mutex());
    return state_->record->table;
}

std::vector<RoomEvent> Reception::history() const {
    const std::lock_guard lock(state_->record->outcome.mutex());
    std::vector<RoomEvent> events;
    for (const worker::PastEvent& past : state_->record->history) {
        events.push_back({past.time, std::string(past.what), past.round, past.range.first, past.range.count, past.blocks,
                          past.status});
    }
    return events;
}

// -------------------------------------------------------------------------------------- LanguageWorker

struct REMIT_LOCAL LanguageWorker::Impl {
    Impl(const LanguageWorkerOptions& options, const Layout& layout, std::uint32_t blocks)
        : keys(options.control.keys),
          channel(worker::open_control(options.control, options.limits)),
          provider(memory::open_memory(options.memory)),
          fabric(worker::open_fabric(options.fabric, channel->ip(), provider->pci_address())),
          pool(worker::open_pool(layout, blocks, *provider, *fabric, options.memory,
                                 pool_options(options.memory, *provider))),
          receiver(*fabric, options.limits.credits, options.fabric.queue_pairs),
          unfinished(options.limits.rooms, "receive"),
          mailbox(*channel, options.control.allowed_return_addresses),
          copies(provider->make_executor(
              worker::executor_options(options.memory, {.slots = kCopiesAtOnce,
                                                        .nics = fabric->rails(),
                                                        .crosses_pcie = worker::is_staged(options.memory, pool.memory().path()),
                                                        .sums = options.checksum,
                                                        .working_set = pool_bytes(layout, blocks)}))),
          data_path(worker::data_path(options.memory, pool.memory().path(), *copies)),
          tracing(trace::open(options.trace, {trace::Role::language, endpoint(), worker::rail_devices(*fabric)})),
          core(machine_config(options, pool, *fabric), pool, receiver, *fabric, mailbox, *provider, *copies, shared->inbox,
               [this](const worker::RoomRecord& record) { unfinished.remove({&record}); },
               tracing != nullptr ? &tracing->recorder() : nullptr) {
        shared->streams = {provider, provider->streams()};
        log().info("language worker at {} on {}, {}", endpoint(), fabric->describe(), provider->describe());
        thread.emplace(
            core, worker::LoopOptions{options.fabric.busy_poll, options.fabric.spin}, loop, [this] { copies->bind(); },
            [this] {
                shared->inbox.close();
                core.refuse_left();
                if (tracing != nullptr) tracing->close();
            });
    }

    ~Impl() { shared->inbox.post(worker::StopLanguage{}); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::string endpoint() const { return control::format_endpoint(channel->ip(), channel->port()); }
    void check_server_key(const std::string& key) const;

    const KeyOptions keys;

    std::unique_ptr<control::Channel> channel;
    std::shared_ptr<memory::Provider> provider;
    std::unique_ptr<fabric::Fabric> fabric;
    pool::BlockPool pool;
    worker::language::Receiver receiver;  ///< before the pool is unregistered its queue pairs are gone
    worker::UnfinishedRooms<worker::RoomKey> unfinished;
    const std::shared_ptr<worker::LanguageShared> shared = std::make_shared<worker::LanguageShared>();
    worker::Mailbox mailbox;
    std::unique_ptr<memory::CopyExecutor> copies;
    const DataPath data_path;
    std::unique_ptr<trace::Trace> tracing;  ///< null: none is kept
    worker::language::Core core;
    std::atomic<std::uint64_t> next_handle{1};
    const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
    worker::LoopCounters loop;
    std::optional<worker::WorkerThread> thread;
};

void LanguageWorker::Impl::check_server_key(const std::string& key) const {
    const bool keyed = !keys.secret_key_file.empty();
    if (!key.empty() && (!keyed || !control::is_key(key))) {
        throw Error(ErrorKind::bad_argument, keyed ? "server_key is no key; permitted: 40 characters of Z85"
                                                   : "server_key is given to a worker without keys; set control.keys");
    }
    if (keyed && key.empty() && keys.server_key_file.empty()) {
        throw Error(ErrorKind::bad_argument,
                    "the embedding worker's public key is not known: set server_key, or control.keys.server_key_file");
    }
}

LanguageWorker::LanguageWorker(const LanguageWorkerOptions& options, const Layout& layout, std::uint32_t pool_blocks) {
    check(options);
    check_message_bytes(options.limits, pool_blocks);
    impl_ = std::make_unique<Impl>(options, layout, pool_blocks);
}

LanguageWorker::~LanguageWorker() = default;

std::size_t LanguageWorker::stop(std::chrono::milliseconds drain) {
    worker::check_drain(drain);
    if (impl_->thread->is_current()) {
        throw Error(ErrorKind::misuse, "stop() on the worker's own thread would wait for itself; call it from another");
    }
    impl_->thread->begin_stopping();
    impl_->shared->inbox.post(worker::StopLanguage{drain});
    impl_->thread->wait_for_end();
    return impl_->core.failed_by_stop();
}

std::string LanguageWorker::endpoint() const { return impl_->endpoint(); }
std::string LanguageWorker::device() const { return impl_->fabric->device(); }
DataPath LanguageWorker::data_path() const { return impl_->data_path; }
const Layout& LanguageWorker::layout() const noexcept { return impl_->pool.layout(); }
std::uint32_t LanguageWorker::pool_blocks() const noexcept { return impl_->pool.local_map().blocks; }
std::uint32_t LanguageWorker::free_blocks() const noexcept { return impl_->core.free_blocks(); }
std::uint64_t LanguageWorker::guessed_tokens() const noexcept { return impl_->core.guessed_tokens(); }

Counters LanguageWorker::counters() const noexcept {
    return {impl_->loop.turns.value(), impl_->loop.sleeps.value(), 0, 0, 0};
}

Metrics LanguageWorker::metrics() const {
    metrics::Collector collector(MetricLabels{{"worker", "language"}});
    worker::collect_worker(collector, endpoint(), device(), impl_->data_path, impl_->loop);
    impl_->core.collect(collector);
    return collector.take();
}

WorkerSnapshot LanguageWorker::snapshot(std::size_t most, std::chrono::milliseconds patience) const {
    if (impl_->thread->is_current()) {
        throw Error(ErrorKind::misuse, "snapshot() on the worker's own thread would wait for itself; call it from another");
    }
    WorkerSnapshot snapshot = worker::ask_for_snapshot(
        [this](worker::TakeSnapshot command) { return impl_->shared->inbox.post(std::move(command)); }, most, patience);
    snapshot.worker = "language";
    snapshot.endpoint = endpoint();
    snapshot.device = device();
    snapshot.uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - impl_->started);
    return snapshot;
}

Reception LanguageWorker::receive(RoomId room, const std::string& endpoint, ReceiveOptions options) {
    if (room > kMaxRoomId) {
        throw Error(ErrorKind::bad_argument, fmt::format("room is {}; permitted: 0 to {}", room, kMaxRoomId));
    }
    if (options.required_dst_info_num == 0 || options.required_dst_info_num > 65536) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("required_dst_info_num is {}; permitted: 1 to 65536", options.required_dst_info_num));
    }
    if (options.deadline.count() < 0) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("deadline is {} ms; permitted: 0 (the worker's) or more", options.deadline.count()));
    }
    if (impl_->thread->stopping()) throw Error(ErrorKind::misuse, "receive() after stop()");
    const control::Endpoint peer = control::parse_endpoint(endpoint);
    if (peer.port == 0 || control::is_wildcard_address(peer.ip)) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("endpoint is {}; wildcards and port 0 can only be listened on", endpoint));
    }
    impl_->check_server_key(options.server_key);
    worker::require_pool(*impl_->provider, impl_->pool);
    const auto* sink_given = std::get_if<Sink>(&options.into);
    if (sink_given != nullptr && !*sink_given) throw Error(ErrorKind::bad_argument, "the sink is empty");
    auto record = std::make_shared<worker::RoomRecord>(impl_->shared);
    record->handle = impl_->next_handle.fetch_add(1, std::memory_order_relaxed);
    if (auto* sink = std::get_if<Sink>(&options.into)) record->sink = std::move(*sink);
    record->room = room;
    record->embedding = {peer.ip, peer.port, options.server_key};
    protocol::language::Request request{
        room,
        record->embedding,
        options.expected_tokens,
        options.required_dst_info_num,
        record->sink != nullptr,
        options.owns_deadline,
        std::chrono::duration_cast<protocol::Time>(std::min(options.deadline, kLongestDeadline))};
    impl_->unfinished.add({record.get()}, room);
    if (!impl_->shared->inbox.post(worker::BeginReceive{record, std::move(request)})) {
        impl_->unfinished.remove({record.get()});
        throw Error(ErrorKind::misuse, "receive() after stop()");
    }
    return Reception(std::make_shared<Reception::State>(std::move(record)));
}

const std::byte* LanguageWorker::row(std::size_t segment, BlockId block, std::uint32_t plane,
                                     std::uint64_t token) const {
    return impl_->pool.row(segment, block, plane, token);
}

}  // namespace remit
