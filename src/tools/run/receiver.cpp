#include "tools/run/receiver.hpp"

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "tools/cli/settings.hpp"
#include "tools/payload/placed_tensors.hpp"
#include "tools/payload/tensors.hpp"
#include "tools/payload/verify.hpp"
#include "tools/report/report.hpp"
#include "tools/run/clock.hpp"
#include "tools/run/collect.hpp"
#include "tools/run/local_address.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::milliseconds kIdle{20};
constexpr std::chrono::milliseconds kProgressPeriod{100};
constexpr std::chrono::seconds kAbortPatience{10};

LanguageWorkerOptions worker_options(const Workload& work, const std::string& device) {
    LanguageWorkerOptions options = work.options.config().language;
    const std::string& listen = work.options.listen;
    options.control = control_of(work.options, listen.empty() ? listen_towards(work.options.connect) : listen);
    options.fabric = work.fabric(device);
    options.trace.file = work.options.trace;
    return options;
}

/// Memory of a sink. It is made before the request is asked for, so that the worker's thread need not wait for it.
struct SinkMemory {
    SinkMemory(const Layout& layout_, std::uint64_t tokens, TensorMemory* memory_)
        : layout(layout_), memory(memory_), tensors(layout_, tokens) {
        placed.emplace(tensors, memory);
    }

    SinkTensors open(std::uint64_t total) {
        if (total != tensors.tokens()) {
            placed.reset();
            tensors = Tensors(layout, total);
            placed.emplace(tensors, memory);
        }
        return {placed->addresses()};
    }

    Layout layout;
    TensorMemory* memory;
    Tensors tensors;
    std::optional<PlacedTensors> placed;  ///< the same where the worker writes them
};

}  // namespace

struct Receiver::Flight {
    RoomId room;
    std::unique_ptr<Payload> payload;
    std::shared_ptr<SinkMemory> sink;  ///< null: blocks are kept
    std::optional<Reception> reception;
};

struct Receiver::Flights : std::list<Receiver::Flight> {};

class Receiver::Run {
public:
    Run(const Workload& work, LanguageWorker& worker, TensorMemory* memory, Flights& flights, Observer& observer,
        const Stop& stop)
        : work_(work), worker_(worker), memory_(memory), flights_(flights), observer_(observer), stop_(stop) {
        report_.side = Side::language;
        report_.device = worker.device();
        report_.path = worker.data_path();
        if (work.keep_blocks) report_.path.gather = "none";
        report_.verified = true;
    }

    HalfReport all(const std::string& peer);

private:
    [[nodiscard]] bool may_start() const;
    [[nodiscard]] bool drain_is_over();
    void start(RoomId room, const std::string& peer);
    void wait();
    void look();
    void finish(Flight& flight, Status status);
    void check(Flight& flight);
    [[nodiscard]] std::optional<std::string> find_wrong_length(const Flight& flight) const;
    [[nodiscard]] std::optional<std::string> find_fault(const Flight& flight) const;
    [[nodiscard]] RowReader reader(const Flight& flight) const;
    [[nodiscard]] std::span<const std::byte> fetched_plane(std::size_t segment, BlockId block, std::uint32_t plane) const;
    void tell_history(const Flight& flight);
    void tell_verified(const Flight& flight);
    void tell_progress();
    void write_output(const Flight& flight) const;
    void fail(const Flight& flight, const std::string& reason);
    void abort_all();

    const Workload& work_;
    LanguageWorker& worker_;
    TensorMemory* memory_;  ///< null: the CPU reads what has arrived where it lies
    Flights& flights_;
    Observer& observer_;
    const Stop& stop_;
    std::uint32_t started_ = 0;
    std::optional<std::chrono::steady_clock::time_point> drain_end_;  ///< once asked to stop
    std::chrono::steady_clock::time_point last_progress_{};
    std::int64_t begin_ns_ = 0;  ///< the first INIT: no byte can move before it
    bool begun_ = false;
    mutable std::vector<std::byte> fetched_;             ///< by fetched_plane(), from fetched_from_
    mutable const std::byte* fetched_from_ = nullptr;
    std::int64_t last_arrival_ns_ = 0;  ///< before the check, which is none of the transfer's
    HalfReport report_;
};

HalfReport Receiver::Run::all(const std::string& peer) {
    begin_ns_ = now_ns();
    while (!drain_is_over()) {
        while (may_start()) start(++started_, peer);
        if (flights_.empty()) break;
        wait();
        look();
    }
    if (!flights_.empty()) abort_all();
    if (report_.requests < work_.requests && report_.status != Status::Failed) {
        report_.status = Status::Failed;
        report_.reason = "interrupted";
    }
    if (report_.status == Status::Failed) report_.verified = false;
    report_.begin_ns = begin_ns_;
    report_.seconds = static_cast<double>(std::max<std::int64_t>(last_arrival_ns_ - begin_ns_, 0)) / 1e9;
    return report_;
}

/// After the first signal what is under way may still end, until its time is over or a second signal comes.
bool Receiver::Run::drain_is_over() {
    if (!stop_.requested()) return false;
    if (!drain_end_) drain_end_ = std::chrono::steady_clock::now() + std::chrono::seconds(work_.options.drain_seconds);
    return stop_.at_once() || std::chrono::steady_clock::now() >= *drain_end_;
}

bool Receiver::Run::may_start() const {
    if (stop_.requested()) return false;
    return started_ < work_.requests && flights_.size() < work_.concurrency && report_.status != Status::Failed;
}

void Receiver::Run::start(RoomId room, const std::string& peer) {
    Flight& flight = flights_.emplace_back();
    flight.room = room;
    flight.payload = work_.payload(room);
    ReceiveOptions options;
    options.expected_tokens = work_.expected_tokens;
    options.required_dst_info_num = work_.options.ranks;
    options.server_key = work_.options.found_key;
    if (!work_.keep_blocks) {
        flight.sink = std::make_shared<SinkMemory>(work_.receiver_layout, work_.tokens, memory_);
        options.into = Sink([sink = flight.sink](std::uint64_t total) { return sink->open(total); });
    }
    flight.reception.emplace(worker_.receive(room, peer, std::move(options)));
}

void Receiver::Run::wait() {
    std::vector<int> descriptors;
    for (const Flight& flight : flights_) descriptors.push_back(flight.reception->descriptor());
    stop_.wait(descriptors, kIdle);
}

void Receiver::Run::look() {
    for (auto flight = flights_.begin(); flight != flights_.end();) {
        const Status status = flight->reception->poll();
        if (is_final(status)) {
            finish(*flight, status);
            flight = flights_.erase(flight);
            continue;
        }
        // A sender that was asked to stop at the same time begins nothing new: what it does not have yet may never come.
        if (stop_.requested() && flight->reception->answer() == SenderAnswer::not_ready) flight->reception->abort();
        ++flight;
    }
    tell_progress();
}

void Receiver::Run::finish(Flight& flight, Status status) {
    last_arrival_ns_ = now_ns();
    if (flight.room == 1) tell_history(flight);
    report_.rounds += flight.reception->rounds();
    report_.resumes += flight.reception->resumes();
    if (status == Status::Success) {
        check(flight);
    } else if (!(stop_.requested() && flight.reception->rounds() == 0)) {
        fail(flight, flight.reception->reason());
    }
    flight.reception->release();
}

void Receiver::Run::check(Flight& flight) {
    if (flight.sink) flight.sink->placed->fetch();
    fetched_from_ = nullptr;
    const std::uint64_t total = flight.reception->total_tokens();
    const bool foreign = !work_.input && flight.reception->aux()[2] == kAuxFromFiles;
    if (const auto fault = foreign ? find_wrong_length(flight) : find_fault(flight)) {
        fail(flight, *fault);
        return;
    }
    if (foreign) report_.verified.reset();
    write_output(flight);
    ++report_.requests;
    report_.tokens += total;
    report_.bytes += work_.receiver_layout.payload_bytes(total);
    if (flight.room == 1 && !foreign) tell_verified(flight);
}

std::optional<std::string> Receiver::Run::find_wrong_length(const Flight& flight) const {
    const std::uint64_t total = flight.reception->total_tokens();
    const std::uint64_t wanted = flight.payload->tokens();
    if (total == wanted) return std::nullopt;
    return count_text(total, "token") + " arrived instead of " + std::to_string(wanted) +
           (work_.input ? ", which is what --input holds" : "; the receiver's --tokens says what to expect");
}

std::optional<std::string> Receiver::Run::find_fault(const Flight& flight) const {
    if (auto wrong = find_wrong_length(flight)) return wrong;
    if (auto wrong = find_wrong_aux(*flight.payload, flight.reception->aux())) return wrong;
    if (auto wrong = find_wrong_row(work_.receiver_layout, *flight.payload, reader(flight))) return wrong;
    return flight.sink ? flight.sink->tensors.broken_guard() : std::nullopt;
}

RowReader Receiver::Run::reader(const Flight& flight) const {
    if (flight.sink) {
        return [sink = flight.sink](std::size_t segment, std::uint32_t plane, std::uint64_t token) {
            return std::as_const(sink->tensors).row(segment, plane, token);
        };
    }
    return [this, table = flight.reception->table()](std::size_t segment, std::uint32_t plane, std::uint64_t token) {
        const Layout& layout = work_.receiver_layout;
        const BlockId block = table.at(token / layout.block_size());
        const std::uint64_t bytes = layout.segments()[segment].token_bytes;
        const std::uint64_t row = token % layout.block_size();
        if (memory_ == nullptr) return std::span<const std::byte>(worker_.row(segment, block, plane, row), bytes);
        return fetched_plane(segment, block, plane).subspan(row * bytes, bytes);
    };
}

/// One plane of one kept block on a GPU. Rows are asked for one after the other, so the last one is kept at hand.
std::span<const std::byte> Receiver::Run::fetched_plane(std::size_t segment, BlockId block, std::uint32_t plane) const {
    const std::byte* const from = worker_.row(segment, block, plane, 0);
    if (from != fetched_from_) {
        fetched_.resize(work_.receiver_layout.block_size() * work_.receiver_layout.segments()[segment].token_bytes);
        memory_->read(from, fetched_);
        fetched_from_ = from;
    }
    return fetched_;
}

void Receiver::Run::write_output(const Flight& flight) const {
    if (work_.options.output.empty()) return;
    const RowReader read = reader(flight);
    write_request(work_.options.output, collect(work_.receiver_layout, flight.reception->total_tokens(), read));
}

void Receiver::Run::tell_history(const Flight& flight) {
    for (const RoomEvent& past : flight.reception->history()) {
        TimelineEvent event{.time_ns = to_ns(past.time), .side = Side::language, .what = past.what};
        event.round = past.round;
        event.first_token = past.first_token;
        event.tokens = past.tokens;
        event.blocks = past.blocks;
        event.status = past.status;
        event.bytes = bytes_of(work_.receiver_layout, past.first_token, past.tokens);
        if (past.what == "INIT" && !begun_) {
            begun_ = true;
            begin_ns_ = event.time_ns;
        }
        observer_.timeline(event);
    }
}

void Receiver::Run::tell_verified(const Flight& flight) {
    TimelineEvent event{.time_ns = now_ns(), .side = Side::language, .what = "verified"};
    event.tokens = flight.reception->total_tokens();
    event.bytes = work_.receiver_layout.payload_bytes(event.tokens);
    event.status = Status::Success;
    observer_.timeline(event);
}

void Receiver::Run::tell_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_progress_ < kProgressPeriod && !flights_.empty()) return;
    last_progress_ = now;
    std::uint64_t tokens = report_.tokens;
    for (const Flight& flight : flights_) {
        for (const RoomEvent& event : flight.reception->history()) {
            if (event.what == "round complete") tokens += event.tokens;
        }
    }
    observer_.progress({report_.requests, work_.requests, tokens, work_.tokens * work_.requests});
}

void Receiver::Run::fail(const Flight& flight, const std::string& reason) {
    if (report_.status == Status::Failed) return;
    report_.status = Status::Failed;
    report_.reason = "room " + std::to_string(flight.room) + ": " + reason;
}

void Receiver::Run::abort_all() {
    if (report_.status != Status::Failed) {
        report_.status = Status::Failed;
        report_.reason = "interrupted";
    }
    for (const Flight& flight : flights_) flight.reception->abort();
    const auto deadline = std::chrono::steady_clock::now() + kAbortPatience;
    // What has not ended by then stays in the list, and its memory with it, until the worker is gone.
    flights_.remove_if([&](const Flight& flight) { return is_final(flight.reception->wait(deadline)); });
}

Receiver::Receiver(const Workload& work, const std::string& device)
    : work_(work),
      memory_(work.tensor_memory()),
      flights_(std::make_shared<Flights>()),
      worker_(worker_options(work, device), work.receiver_layout, work.receiver_pool_blocks) {}

HalfReport Receiver::run(const std::string& peer, Observer& observer, const Stop& stop) {
    return Run(work_, worker_, memory_.get(), *flights_, observer, stop).all(peer);
}

}  // namespace remit::tools
