#include "memory/cuda.hpp"
#include "pool/block_pool.hpp"
#include "registration/shared.hpp"
#include "worker/embedding/core.hpp"
#include "trace/trace.hpp"
#include "worker/open.hpp"
#include "worker/send_record.hpp"
#include "worker/source_pool.hpp"
#include "worker/tally/worker_tally.hpp"
#include "worker/unfinished_rooms.hpp"
#include "worker/worker_thread.hpp"

#include "base/log.hpp"

#include <remit/embedding_worker.hpp>

#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <optional>
#include <utility>

namespace remit {
namespace {

using worker::embedding::SendQueue;
using worker::embedding::SendSource;

constexpr std::uint64_t kMaxTokens = 0x7fffffff;  // aux[0] is an int32
constexpr int kMostPriority = 8;

void check(const EmbeddingWorkerOptions& options) {
    worker::require_descriptors();
    worker::check_options(options);
    trace::check_options(options.trace);
}

protocol::embedding::Config machine_config(const EmbeddingWorkerOptions& options, const Layout& layout,
                                           const fabric::Fabric& fabric) {
    protocol::embedding::Config config;
    config.timing = protocol::Timing(options.timing);
    config.layout = layout.shape();
    config.incarnation = worker::random_identity();
    config.attempt_window = options.limits.attempt_window;
    config.max_attempts = options.limits.attempts;
    config.max_peers = options.limits.peers;
    config.max_parked = options.limits.parked;
    config.max_parked_blocks = options.limits.parked_blocks;
    config.max_generations = options.limits.generations;
    config.max_queue_pairs = options.fabric.queue_pairs;
    config.rails = fabric.rails();
    config.max_message = fabric.limits().max_message;
    config.on_dead_rank = options.on_dead_rank;
    return config;
}

/// On a GPU a copy costs less than it saves: a gathered source block can be used again at once.
Gather gather_of(const EmbeddingWorkerOptions& options) {
    const bool copied = options.memory.kind == MemoryKind::cuda && options.gather == Gather::automatic;
    return copied ? Gather::always : options.gather;
}

SendQueue::Settings queue_settings(const EmbeddingWorkerOptions& options, const fabric::Fabric& fabric,
                                   const pool::BlockPool& pool, trace::Trace* trace) {
    SendQueue::Settings settings;
    settings.recorder = trace != nullptr ? &trace->recorder() : nullptr;
    settings.gpu_direct = registration::forced(pool.memory().path());
    settings.plan.gather = gather_of(options);
    settings.plan.max_write = fabric.limits().max_message;
    settings.plan.chunk_bytes = options.chunk_bytes;
    settings.plan.in_place_bytes = options.in_place_bytes;
    settings.plan.max_pieces = std::min<std::uint32_t>(16, fabric.limits().max_pieces);
    settings.send_regions = options.send_regions;
    settings.chunks_in_flight = options.chunks_in_flight;
    settings.cpu_reads = options.memory.kind == MemoryKind::host;
    settings.link.depth = options.fabric.send_queue_depth;
    return settings;
}

DataPath data_path_of(const EmbeddingWorkerOptions& options, const pool::BlockPool& pool,
                      const memory::CopyExecutor& copies) {
    DataPath path = worker::data_path(options.memory, pool.memory().path(), copies);
    if (options.gather == Gather::never) path.gather = "none";
    return path;
}

/// Recorded on the caller's thread: what the caller puts into its stream afterwards has no part in it.
std::shared_ptr<memory::StreamPoint> point_behind(memory::Streams* streams, Stream stream) {
    if (streams != nullptr) return streams->record(stream.handle());
    throw Error(ErrorKind::misuse,
                "a stream fills the source, but this worker has memory of kind host, whose copies know no streams: "
                "synchronise the stream first and name none, or give the worker memory of kind pinned");
}

void check_ready(const worker::SendRecord& record, std::uint64_t tokens) {
    if (tokens > record.total) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("ready tokens are {}; permitted: up to total_tokens, {}", tokens, record.total));
    }
    if (const std::uint64_t before = record.watermark.tokens(); tokens < before) {
        throw Error(ErrorKind::misuse,
                    fmt::format("ready tokens are {}; permitted: at least {}, what was said before", tokens, before));
    }
}

void tell_ready(const Send::State& state, std::uint64_t tokens, std::shared_ptr<memory::StreamPoint> behind) {
    worker::SendRecord& record = *state.record;
    check_ready(record, tokens);
    // Another thread may have said more meanwhile.
    if (!record.watermark.raise(tokens, std::move(behind))) check_ready(record, tokens);
    if (record.watermark.tell()) state.inbox->post(worker::ReadyTokens{record.id});
}

}  // namespace

// -------------------------------------------------------------------------------------- Send

Status Send::poll() const noexcept { return state_->record->outcome.status(); }
Status Send::wait(std::chrono::steady_clock::time_point deadline) const { return state_->record->outcome.wait(deadline); }
std::string Send::reason() const { return state_->record->outcome.reason(); }
int Send::descriptor() const { return state_->record->outcome.descriptor(); }
void Send::ready(std::uint64_t tokens) const { tell_ready(*state_, tokens, nullptr); }
void Send::ready(std::uint64_t tokens, Stream stream) const {
    check_ready(*state_->record, tokens);
    // Of a send that has ended nothing is read; its stream may be gone with it.
    if (is_final(poll())) return;
    tell_ready(*state_, tokens, point_behind(state_->streams.get(), stream));
}
void Send::abort() const {
    if (!state_->record->cancelled.exchange(true)) state_->inbox->post(worker::CancelSend{state_->record->id});
}
std::uint32_t Send::rounds() const noexcept { return state_->record->source->rounds.load(std::memory_order_relaxed); }
std::uint64_t Send::writes() const noexcept { return state_->record->source->writes.load(std::memory_order_relaxed); }
std::uint64_t Send::bytes() const noexcept { return state_->record->source->bytes.load(std::memory_order_relaxed); }

std::uint64_t Send::gathered() const noexcept {
    return state_->record->source->gathered.load(std::memory_order_relaxed);
}
std::uint32_t Send::failed_ranks() const noexcept {
    return state_->record->failed_ranks.load(std::memory_order_relaxed);
}

// -------------------------------------------------------------------------------------- AdoptedMemory

struct REMIT_LOCAL AdoptedMemory::State {
    std::shared_ptr<memory::Provider> provider;  ///< outlives the registration, which may outlive the worker
    std::shared_ptr<const registration::SharedRegistration> registration;
    std::string path = "none";
    std::string reason;
};

std::string AdoptedMemory::gpu_direct() const {
    return state_->path;
}
std::string AdoptedMemory::reason() const {
    return state_->reason;
}

// -------------------------------------------------------------------------------------- EmbeddingWorker

struct REMIT_LOCAL EmbeddingWorker::Impl {
    Impl(const EmbeddingWorkerOptions& options, const Layout& the_layout, std::uint32_t blocks)
        : layout(the_layout),
          limits(options.limits),
          channel(worker::open_control(options.control, options.limits)),
          provider(memory::open_memory(options.memory)),
          streams(provider, provider->streams()),
          fabric(worker::open_fabric(options.fabric, channel->ip(), provider->pci_address())),
          pool(worker::open_pool(
              layout, blocks, *provider, *fabric, options.memory,
              {.name = "source pool", .access = fabric::Access::local, .gpu_direct = options.memory.gpu_direct})),
          sends_in_place(gather_of(options) != Gather::always),
          registrations(*provider, *fabric, options.memory.gpu_direct),
          source_pool(pool),
          unfinished(options.limits.rooms, "send"),
          mailbox(*channel, options.control.allowed_return_addresses),
          copies(provider->make_executor(
              worker::executor_options(
                  options.memory, {.slots = options.send_regions,
                                   .nics = fabric->rails(),
                                   .crosses_pcie = worker::is_staged(options.memory, pool.memory().path()),
                                   .sums = true,
                                   .working_set = pool_bytes(layout, blocks) + options.send_regions * options.chunk_bytes}))),
          data_path(data_path_of(options, pool, *copies)),
          tracing(trace::open(options.trace, {trace::Role::embedding, endpoint(), worker::rail_devices(*fabric)})),
          core(machine_config(options, layout, *fabric), queue_settings(options, *fabric, pool, tracing.get()), layout,
               *fabric, mailbox, *provider, *copies, *inbox, [this](RoomId room) { unfinished.remove(room); }) {
        log().info("embedding worker at {} on {}, {}", endpoint(), fabric->describe(), provider->describe());
        thread.emplace(
            core, worker::LoopOptions{options.fabric.busy_poll, options.fabric.spin}, loop, [this] { copies->bind(); },
            [this] {
                inbox->close();
                core.refuse_left();
                if (tracing != nullptr) tracing->close();
            });
    }

    ~Impl() { inbox->post(worker::StopEmbedding{}); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::string endpoint() const { return control::format_endpoint(channel->ip(), channel->port()); }
    [[nodiscard]] BlockMap source_map(const Source& source, std::uint64_t tokens, SendSource& adopting);

    Layout layout;
    const LimitOptions limits;
    std::unique_ptr<control::Channel> channel;
    std::shared_ptr<memory::Provider> provider;
    std::shared_ptr<memory::Streams> streams;  ///< the provider's; null where no device copies
    std::unique_ptr<fabric::Fabric> fabric;
    pool::BlockPool pool;
    const bool sends_in_place;                        ///< what is registered
    registration::SharedRegistrations registrations;  ///< of memory that the user has had adopted
    worker::LockedSourcePool source_pool;
    worker::UnfinishedRooms<RoomId> unfinished;
    std::shared_ptr<worker::EmbeddingInbox> inbox = std::make_shared<worker::EmbeddingInbox>();
    worker::Mailbox mailbox;
    std::unique_ptr<memory::CopyExecutor> copies;
    const DataPath data_path;
    std::unique_ptr<trace::Trace> tracing;  ///< null: none is kept
    worker::embedding::Core core;
    std::atomic<std::uint64_t> next_send{1};
    const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
    worker::LoopCounters loop;
    std::optional<worker::WorkerThread> thread;
};

BlockMap EmbeddingWorker::Impl::source_map(const Source& source, std::uint64_t tokens, SendSource& adopting) {
    if (const auto* table = std::get_if<BlockTable>(&source)) {
        source_pool.check_table(*table, tokens);
        worker::require_pool(*provider, pool);
        return pool.local_map();
    }
    const auto& tensors = std::get<ContiguousSource>(source);
    const auto& segments = layout.segments();
    if (tensors.data.size() != segments.size()) {
        throw Error(ErrorKind::bad_argument, fmt::format("source has {} tensors; the layout has {} segments",
                                                         tensors.data.size(), segments.size()));
    }
    std::vector<std::uint64_t> bases;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        if (tensors.data[i] == nullptr && !segments[i].once_per_request) {
            throw Error(ErrorKind::bad_argument, fmt::format("source has no tensor for {}", to_string(segments[i].kind)));
        }
        if (!segments[i].once_per_request) {
            provider->require_reachable(tensors.data[i], segments[i].block_bytes(tokens), "the source's tensor");
        }
        bases.push_back(reinterpret_cast<std::uintptr_t>(tensors.data[i]));
    }
    BlockMap map = place_tensors(layout, tokens, bases);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        if (segments[i].once_per_request) continue;
        adopting.adopted.look_up(registrations, map, i, segments[i].block_bytes(tokens));
    }
    return map;
}

EmbeddingWorker::EmbeddingWorker(const EmbeddingWorkerOptions& options, const Layout& layout,
                                 std::uint32_t pool_blocks) {
    check(options);
    impl_ = std::make_unique<Impl>(options, layout, pool_blocks);
}

EmbeddingWorker::~EmbeddingWorker() = default;

std::size_t EmbeddingWorker::stop(std::chrono::milliseconds drain) {
    worker::check_drain(drain);
    if (impl_->thread->is_current()) {
        throw Error(ErrorKind::misuse, "stop() on the worker's own thread would wait for itself; call it from another");
    }
    impl_->thread->begin_stopping();
    impl_->inbox->post(worker::StopEmbedding{drain});
    impl_->thread->wait_for_end();
    return impl_->core.failed_by_stop();
}

std::string EmbeddingWorker::endpoint() const { return impl_->endpoint(); }
std::string EmbeddingWorker::device() const { return impl_->fabric->device(); }
DataPath EmbeddingWorker::data_path() const { return impl_->data_path; }
SourcePool& EmbeddingWorker::pool() noexcept { return impl_->source_pool; }

Counters EmbeddingWorker::counters() const noexcept {
    const worker::PostCounters& posted = impl_->core.posted();
    return {impl_->loop.turns.value(), impl_->loop.sleeps.value(), posted.requests.value(), posted.doorbells.value(),
            posted.signaled.value()};
}

Metrics EmbeddingWorker::metrics() const {
    metrics::Collector collector(MetricLabels{{"worker", "embedding"}});
    worker::collect_worker(collector, endpoint(), device(), impl_->data_path, impl_->loop);
    const std::uint32_t free = impl_->source_pool.free_blocks();
    worker::collect_pool(collector, free, impl_->source_pool.blocks() - free, 0);
    impl_->core.collect(collector);
    return collector.take();
}

WorkerSnapshot EmbeddingWorker::snapshot(std::size_t most, std::chrono::milliseconds patience) const {
    if (impl_->thread->is_current()) {
        throw Error(ErrorKind::misuse, "snapshot() on the worker's own thread would wait for itself; call it from another");
    }
    WorkerSnapshot snapshot = worker::ask_for_snapshot(
        [this](worker::TakeSnapshot command) { return impl_->inbox->post(std::move(command)); }, most, patience);
    snapshot.worker = "embedding";
    snapshot.endpoint = endpoint();
    snapshot.device = device();
    snapshot.uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - impl_->started);
    snapshot.pool_blocks = impl_->source_pool.blocks();
    snapshot.free_blocks = impl_->source_pool.free_blocks();
    return snapshot;
}

Send EmbeddingWorker::send(RoomId room, Source source, std::uint64_t total_tokens, const Aux& aux,
                           const SendOptions& options) {
    if (room > kMaxRoomId) {
        throw Error(ErrorKind::bad_argument, fmt::format("room is {}; permitted: 0 to {}", room, kMaxRoomId));
    }
    if (impl_->thread->stopping()) throw Error(ErrorKind::misuse, "send() after stop()");
    if (total_tokens == 0 || total_tokens > kMaxTokens) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("total_tokens is {}; permitted: 1 to {}", total_tokens, kMaxTokens));
    }
    const auto length = static_cast<std::int32_t>(total_tokens);
    if (aux[0] != 0 && aux[0] != length) {
        throw Error(ErrorKind::misuse,
                    fmt::format("aux[0] is {}; permitted: 0 or total_tokens, {}", aux[0], total_tokens));
    }
    if (options.priority < -kMostPriority || options.priority > kMostPriority) {
        throw Error(ErrorKind::bad_argument, fmt::format("priority is {}; permitted: {} to {}", options.priority,
                                                         -kMostPriority, kMostPriority));
    }
    if (options.ready_tokens && *options.ready_tokens > total_tokens) {
        throw Error(ErrorKind::bad_argument, fmt::format("ready_tokens is {}; permitted: up to total_tokens, {}",
                                                         *options.ready_tokens, total_tokens));
    }
    auto record = std::make_shared<worker::SendRecord>();
    record->id = impl_->next_send.fetch_add(1, std::memory_order_relaxed);
    record->room = room;
    record->total = total_tokens;
    record->watermark.raise(options.ready_tokens.value_or(total_tokens));
    record->source->map = impl_->source_map(source, total_tokens, *record->source);
    record->source->table = std::holds_alternative<BlockTable>(source) ? std::get<BlockTable>(source) : BlockTable{0};
    record->source->priority = options.priority;
    record->source->aux = aux;
    record->source->aux[0] = length;
    if (options.stream) record->source->filled = point_behind(impl_->streams.get(), *options.stream);
    impl_->unfinished.add(room, room);
    if (!impl_->inbox->post(worker::BeginSend{record})) {
        impl_->unfinished.remove(room);
        throw Error(ErrorKind::misuse, "send() after stop()");
    }
    return Send(std::make_shared<Send::State>(Send::State{record, impl_->inbox, impl_->streams}));
}

AdoptedMemory EmbeddingWorker::adopt(const void* address, std::size_t bytes) {
    if (address == nullptr || bytes == 0) {
        throw Error(
            ErrorKind::bad_argument,
            fmt::format("adopted memory is {} bytes at {}; permitted: 1 byte at least, not at null", bytes, address));
    }
    auto state = std::make_shared<AdoptedMemory::State>();
    state->provider = impl_->provider;
    if (!impl_->sends_in_place) {
        impl_->provider->require_reachable(address, bytes, "adopted memory");
        state->reason =
            "this worker gathers all that it sends, as gather auto does on a GPU; with gather never adopted memory is "
            "sent where it lies";
        return AdoptedMemory(std::move(state));
    }
    state->registration = impl_->registrations.adopt(address, bytes, fabric::Access::local);
    const bool registered = state->registration->region_for_use() != nullptr;
    state->path = registered ? std::string(registration::to_string(state->registration->path())) : "none";
    if (!registered) state->reason = state->registration->refusals();
    log().info("adopted memory: {} bytes of {} on {}: {}{}", bytes, impl_->provider->describe(),
               impl_->fabric->device(), registered ? state->path : "gathered from",
               state->registration->refusals().empty() ? "" : " (" + state->registration->refusals() + ")");
    return AdoptedMemory(std::move(state));
}

void EmbeddingWorker::reject(RoomId room, std::string reason) {
    if (room > kMaxRoomId) {
        throw Error(ErrorKind::bad_argument, fmt::format("room is {}; permitted: 0 to {}", room, kMaxRoomId));
    }
    if (!impl_->core.reserve_rejection(impl_->limits.rejections)) {
        throw Error(ErrorKind::exhausted,
                    fmt::format("limit of {} rejected rooms is reached; raise limits.rejections or lower "
                                "timing.park_deadline, for which each is answered",
                                impl_->limits.rejections));
    }
    impl_->inbox->post(worker::RejectRoom{room, std::move(reason)});
}

}  // namespace remit
