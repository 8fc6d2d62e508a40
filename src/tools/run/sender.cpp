#include "tools/run/sender.hpp"

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tools/cli/settings.hpp"
#include "tools/payload/placed_tensors.hpp"
#include "tools/payload/tensors.hpp"
#include "tools/run/clock.hpp"

namespace remit::tools {
namespace {

// Of the first request, whose states are shown as they change.
constexpr std::chrono::milliseconds kSampling{1};
constexpr std::chrono::milliseconds kIdle{20};
constexpr std::chrono::seconds kAbortPatience{10};

EmbeddingWorkerOptions worker_options(const Workload& work, const std::string& device) {
    EmbeddingWorkerOptions options = work.options.config().embedding;
    const std::string& listen = work.options.listen;
    options.control = control_of(work.options, listen.empty() ? "tcp://127.0.0.1:0" : listen);
    options.fabric = work.fabric(device);
    options.trace.file = work.options.trace;
    return options;
}

/// One plane of one block, from its row for token `first` on: rows lie side by side. @param memory null: the CPU writes
/// there itself
void fill_rows(const Segment& segment, std::uint32_t plane, std::uint64_t first, std::uint64_t rows, std::byte* to,
               const Payload& payload, TensorMemory* memory) {
    std::vector<std::byte> own(memory == nullptr ? 0 : rows * segment.token_bytes);
    std::byte* const at = memory == nullptr ? to : own.data();
    for (std::uint64_t i = 0; i < rows; ++i) {
        payload.fill({segment.kind, plane, first + i}, {at + i * segment.token_bytes, segment.token_bytes});
    }
    if (memory != nullptr) memory->write(to, own);
}

void fill_blocks(SourcePool& pool, const BlockTable& table, const Payload& payload, std::uint64_t first,
                 std::uint64_t end, TensorMemory* memory) {
    const Layout& layout = pool.layout();
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        const Segment& segment = layout.segments()[i];
        if (segment.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t token = first; token < end;) {
                const std::uint64_t row = token % layout.block_size();
                const std::uint64_t rows = std::min(layout.block_size() - row, end - token);
                const BlockId block = table[token / layout.block_size()];
                fill_rows(segment, plane, token, rows, pool.row(i, block, plane, row), payload, memory);
                token += rows;
            }
        }
    }
}

}  // namespace

/// One request on its way and the memory it is read from.
struct Sender::Flight {
    RoomId room;
    BlockTable table;
    std::unique_ptr<Payload> payload;
    std::optional<Tensors> tensors;
    std::uint64_t ready = 0;  ///< tokens of the source that are there
    std::optional<PlacedTensors> placed;  ///< the same where the worker reads them
    std::optional<Send> send;
    Status seen = Status::Bootstrapping;
};

struct Sender::Flights : std::list<Sender::Flight> {};

class Sender::Run {
public:
    Run(const Workload& work, EmbeddingWorker& worker, TensorMemory* memory, Flights& flights, Observer& observer,
        const Stop& stop)
        : work_(work), worker_(worker), memory_(memory), flights_(flights), observer_(observer), stop_(stop) {
        report_.side = Side::embedding;
        report_.device = worker.device();
        report_.path = worker.data_path();
        report_.writes = 0;
    }

    HalfReport all();

private:
    [[nodiscard]] bool may_start() const;
    [[nodiscard]] bool drain_is_over();
    void start(RoomId room);
    void fill(Flight& flight);
    [[nodiscard]] bool filling() const;
    void wait();
    void look();
    void finish(Flight& flight, Status status);
    void sample(Flight& flight, Status status);
    void abort_all();

    const Workload& work_;
    EmbeddingWorker& worker_;
    TensorMemory* memory_;
    Flights& flights_;
    Observer& observer_;
    const Stop& stop_;
    std::uint32_t started_ = 0;
    std::optional<std::chrono::steady_clock::time_point> drain_end_;  ///< once asked to stop
    HalfReport report_;
};

HalfReport Sender::Run::all() {
    const std::int64_t begin = now_ns();
    while (!drain_is_over()) {
        while (may_start()) start(++started_);
        if (flights_.empty()) break;
        wait();
        look();
    }
    if (!flights_.empty()) abort_all();
    if (report_.requests < work_.requests && report_.status != Status::Failed) {
        report_.status = Status::Failed;
        report_.reason = "interrupted";
    }
    report_.seconds = seconds_since(begin);
    return report_;
}

/// After the first signal what is under way may still end, until its time is over or a second signal comes.
bool Sender::Run::drain_is_over() {
    if (!stop_.requested()) return false;
    if (!drain_end_) drain_end_ = std::chrono::steady_clock::now() + std::chrono::seconds(work_.options.drain_seconds);
    return stop_.at_once() || std::chrono::steady_clock::now() >= *drain_end_;
}

bool Sender::Run::may_start() const {
    if (stop_.requested()) return false;
    if (started_ == work_.requests || flights_.size() >= work_.concurrency) return false;
    if (report_.status == Status::Failed) return false;
    if (work_.options.source == SourceKind::contiguous) return true;
    return worker_.pool().free_blocks() >= work_.sender_layout.blocks_for(work_.tokens);
}

void Sender::Run::start(RoomId room) {
    Flight& flight = flights_.emplace_back();
    flight.room = room;
    flight.payload = work_.payload(room);
    Source source;
    if (work_.options.source == SourceKind::contiguous) {
        flight.tensors.emplace(work_.sender_layout, work_.tokens);
        flight.placed.emplace(*flight.tensors, memory_);
        const std::vector<void*> addresses = flight.placed->addresses();
        source = ContiguousSource{{addresses.begin(), addresses.end()}};
    } else {
        flight.table = worker_.pool().allocate(work_.tokens);
        source = flight.table;
    }
    if (room == 1) {
        TimelineEvent event{.time_ns = now_ns(), .side = Side::embedding, .what = "send", .tokens = work_.tokens};
        event.blocks = static_cast<std::uint32_t>(flight.table.size());
        observer_.timeline(event);
    }
    fill(flight);
    SendOptions options;
    options.ready_tokens = flight.ready;
    flight.send.emplace(worker_.send(room, std::move(source), work_.tokens, flight.payload->aux(), options));
}

/// The next step of the source, as an encoder would deliver it.
void Sender::Run::fill(Flight& flight) {
    const std::uint64_t steps = work_.options.progressive;
    const std::uint64_t end = std::min(work_.tokens, flight.ready + (work_.tokens + steps - 1) / steps);
    if (flight.tensors) {
        flight.tensors->fill(*flight.payload, flight.ready, end);
        flight.placed->place(flight.ready, end);
    } else {
        fill_blocks(worker_.pool(), flight.table, *flight.payload, flight.ready, end, memory_);
    }
    flight.ready = end;
}

bool Sender::Run::filling() const {
    return std::any_of(flights_.begin(), flights_.end(), [&](const Flight& f) { return f.ready < work_.tokens; });
}

void Sender::Run::wait() {
    std::vector<int> descriptors;
    for (const Flight& flight : flights_) descriptors.push_back(flight.send->descriptor());
    stop_.wait(descriptors, flights_.front().room == 1 || filling() ? kSampling : kIdle);
}

void Sender::Run::look() {
    for (auto flight = flights_.begin(); flight != flights_.end();) {
        const Status status = flight->send->poll();
        if (flight->room == 1) sample(*flight, status);
        if (is_final(status)) {
            finish(*flight, status);
            flight = flights_.erase(flight);
            continue;
        }
        if (stop_.requested() && status == Status::Bootstrapping) {
            // Nobody has asked for it yet, and a receiver that was asked to stop at the same time never will.
            flight->send->abort();
        } else if (flight->ready < work_.tokens) {
            fill(*flight);
            flight->send->ready(flight->ready);
        }
        ++flight;
    }
}

void Sender::Run::sample(Flight& flight, Status status) {
    if (status == flight.seen) return;
    flight.seen = status;
    TimelineEvent event{.time_ns = now_ns(), .side = Side::embedding, .what = is_final(status) ? "final" : "status"};
    event.tokens = work_.tokens;
    event.bytes = flight.send->bytes();
    event.status = status;
    observer_.timeline(event);
}

void Sender::Run::finish(Flight& flight, Status status) {
    if (status == Status::Success) {
        ++report_.requests;
        report_.tokens += work_.tokens;
    } else if (report_.status != Status::Failed && !(stop_.requested() && flight.send->bytes() == 0)) {
        // What has not begun is given up at either end once that is asked to stop: the run was interrupted, nothing failed.
        report_.status = Status::Failed;
        report_.reason = "room " + std::to_string(flight.room) + ": " + flight.send->reason();
    }
    report_.rounds += flight.send->rounds();
    report_.resumes += flight.send->rounds() > 0 ? flight.send->rounds() - 1 : 0;
    report_.bytes += flight.send->bytes();
    *report_.writes += flight.send->writes();
    if (flight.tensors) {
        // What is only read must be as it was.
        flight.placed->fetch();
        if (const auto stain = flight.tensors->broken_guard(); stain && report_.status != Status::Failed) {
            report_.status = Status::Failed;
            report_.reason = "room " + std::to_string(flight.room) + ": source: " + *stain;
        }
    }
    if (!flight.table.empty()) worker_.pool().free(flight.table);
    observer_.progress({report_.requests, work_.requests, report_.tokens, work_.tokens * work_.requests});
}

void Sender::Run::abort_all() {
    report_.status = Status::Failed;
    if (report_.reason.empty()) report_.reason = "interrupted";
    for (const Flight& flight : flights_) flight.send->abort();
    const auto deadline = std::chrono::steady_clock::now() + kAbortPatience;
    // What has not ended by then stays in the list, and its memory with it, until the worker is gone.
    flights_.remove_if([&](const Flight& flight) { return is_final(flight.send->wait(deadline)); });
}

Sender::Sender(const Workload& work, const std::string& device)
    : work_(work),
      memory_(work.tensor_memory()),
      flights_(std::make_shared<Flights>()),
      worker_(worker_options(work, device), work.sender_layout, work.sender_pool_blocks) {}

HalfReport Sender::run(Observer& observer, const Stop& stop) {
    return Run(work_, worker_, memory_.get(), *flights_, observer, stop).all();
}

}  // namespace remit::tools
