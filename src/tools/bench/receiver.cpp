#include "tools/bench/receiver.hpp"

#include <algorithm>
#include <deque>

#include "tools/bench/statistics.hpp"
#include "tools/bench/worker_options.hpp"
#include "tools/payload/verify.hpp"

namespace remit::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{200};

double seconds_between(Clock::time_point begin, Clock::time_point end) {
    return std::chrono::duration<double>(end - begin).count();
}

/// When the worker's thread noted the end.
Clock::time_point end_of(const Reception& reception) {
    const std::vector<RoomEvent> history = reception.history();
    return history.back().time;
}

std::string name_of(const BenchCase& one) {
    return to_string(one.mode) + ", " + std::to_string(one.tokens) + " tokens";
}

}  // namespace

BenchReceiver::BenchReceiver(const BenchPlan& plan, const Options& options, const std::string& device, CpuClock cpu)
    : plan_(plan), options_(options), cpu_(cpu) {
    const auto is_serial = [](const BenchMode& mode) { return mode.kind == BenchMode::Kind::serial; };
    const bool serial = std::any_of(options.modes.begin(), options.modes.end(), is_serial);
    for (const bool overlap : {true, false}) {
        if (!overlap && !serial) continue;
        workers_[overlap ? 0 : 1] = std::make_unique<LanguageWorker>(
            bench_language_options(options, device, overlap), plan.receiver_layout(), plan.receiver_pool_blocks());
    }
    report_.device = workers_[0]->device();
    report_.cases.resize(plan.cases().size());
}

LanguageWorker& BenchReceiver::worker_of(const BenchCase& one) {
    return *workers_[one.mode.kind == BenchMode::Kind::serial ? 1 : 0];
}

BenchReceiver::Flight BenchReceiver::begin(std::size_t index, std::uint64_t number, std::size_t slot) {
    const BenchCase& one = plan_.cases()[index];
    ReceiveOptions options;
    options.expected_tokens = one.expected_tokens;
    if (!sinks_.empty()) {
        options.into = Sink([&tensors = sinks_[slot]](std::uint64_t) { return SinkTensors{tensors.addresses()}; });
    }
    LanguageWorker& worker = worker_of(one);
    const RoomId room = plan_.room(index, number);
    const auto now = Clock::now();
    return {worker.receive(room, peer_, std::move(options)), now, number};
}

std::optional<double> BenchReceiver::finish(const Flight& flight) {
    while (!is_final(flight.reception.wait_for(kTick))) {
        if (!stop_->requested()) continue;
        report_.reason = "interrupted";
        return std::nullopt;
    }
    if (flight.reception.poll() == Status::Failed) {
        report_.reason = flight.reception.reason();
        if (flight.reception.total_tokens() == 0) {
            report_.reason += " (both ends must be given the same --sizes, --modes and --seed)";
        }
        return std::nullopt;
    }
    return seconds_between(flight.begin, end_of(flight.reception));
}

void BenchReceiver::note(std::size_t index, const Flight& flight, double seconds, double cpu) {
    if (!first_seconds_) first_seconds_ = seconds;
    if (flight.number < options_.warmup) return;
    BenchMeasured& measured = report_.cases[index];
    measured.seconds.push_back(seconds);
    measured.rounds += flight.reception.rounds();
    measured.cpu_seconds += cpu;
}

bool BenchReceiver::more(std::uint64_t done, Clock::time_point begin) const {
    if (!going()) return false;
    if (options_.duration_seconds == 0) return done < plan_.requests_a_case();
    return done <= options_.warmup || seconds_between(begin, Clock::now()) < options_.duration_seconds;
}

/// One request at a time: the modes take turns, and which of them begins moves on, so that none has the better place.
void BenchReceiver::alternate(std::size_t first_case) {
    const std::size_t modes = plan_.modes();
    const auto start = Clock::now();
    for (std::uint64_t number = 0; more(number, start); ++number) {
        for (std::size_t turn = 0; turn < modes && going(); ++turn) {
            const std::size_t index = first_case + (turn + number) % modes;
            const double cpu_before = cpu_.seconds();
            const Flight flight = begin(index, number, 0);
            if (const auto seconds = finish(flight)) note(index, flight, *seconds, cpu_.seconds() - cpu_before);
        }
    }
}

/// As many requests in flight as asked for.
void BenchReceiver::saturate(std::size_t index) {
    std::deque<Flight> flights;
    std::uint64_t started = 0;
    const auto start = Clock::now();
    std::optional<Clock::time_point> timed_begin;
    double cpu_before = 0;
    Clock::time_point last_end = start;
    while (more(started, start) || !flights.empty()) {
        while (flights.size() < plan_.concurrency() && more(started, start)) {
            if (started == options_.warmup) {
                cpu_before = cpu_.seconds();
                timed_begin = Clock::now();
            }
            flights.push_back(begin(index, started, started % plan_.concurrency()));
            ++started;
        }
        const auto seconds = finish(flights.front());
        if (!seconds) return;
        note(index, flights.front(), *seconds, 0);
        last_end = std::max(last_end, end_of(flights.front().reception));
        flights.pop_front();
    }
    if (!timed_begin) return;
    BenchMeasured& measured = report_.cases[index];
    measured.wall_seconds = seconds_between(*timed_begin, last_end);
    measured.cpu_seconds = cpu_.seconds() - cpu_before;
}

void BenchReceiver::check(std::size_t index) {
    const BenchCase& one = plan_.cases()[index];
    const Flight flight = begin(index, BenchPlan::kChecked, 0);
    if (!finish(flight)) return;
    const auto payload = plan_.payload(plan_.payload_of_checked(index), plan_.most_tokens());
    const auto expected = plan_.payload(plan_.payload_of_checked(index), one.tokens);
    const std::uint64_t block_size = plan_.receiver_layout().block_size();
    const BlockTable table = flight.reception.table();
    const LanguageWorker& worker = worker_of(one);
    const RowReader read = [&](std::size_t segment, std::uint32_t plane, std::uint64_t token) {
        if (!sinks_.empty()) return std::as_const(sinks_[0]).row(segment, plane, token);
        return std::span(worker.row(segment, table[token / block_size], plane, token % block_size),
                         plan_.receiver_layout().segments()[segment].token_bytes);
    };
    auto wrong = find_wrong_row(plan_.receiver_layout(), *expected, read);
    Aux aux = payload->aux();
    aux[0] = static_cast<std::int32_t>(one.tokens);
    if (!wrong && flight.reception.aux() != aux) wrong = "aux_datas differ";
    if (!wrong) return;
    report_.verified = false;
    report_.reason = name_of(one) + ": " + *wrong;
}

void BenchReceiver::measure_size(std::size_t first_case) {
    const std::uint64_t tokens = plan_.cases()[first_case].tokens;
    sinks_.clear();
    for (std::uint32_t i = 0; options_.sink && i < plan_.concurrency(); ++i) {
        sinks_.emplace_back(plan_.receiver_layout(), tokens);
    }
    if (plan_.concurrency() == 1) {
        alternate(first_case);
    } else {
        for (std::size_t mode = 0; mode < plan_.modes() && going(); ++mode) saturate(first_case + mode);
    }
    if (options_.no_verify) return;
    for (std::size_t mode = 0; mode < plan_.modes() && going(); ++mode) check(first_case + mode);
}

void BenchReceiver::end_sender() {
    ReceiveOptions options;
    options.expected_tokens = 1;
    const Reception last = workers_[0]->receive(plan_.last_room(), peer_, options);
    static_cast<void>(finish({last, Clock::now(), 0}));
}

BenchReceiverReport BenchReceiver::run(const std::string& peer, const Stop& stop) {
    peer_ = peer;
    stop_ = &stop;
    if (!options_.no_verify) report_.verified = true;
    for (std::size_t i = 0; i < plan_.cases().size() && going(); i += plan_.modes()) measure_size(i);
    if (going()) end_sender();
    if (stop.requested() && report_.reason.empty()) report_.reason = "interrupted";
    if (!report_.reason.empty() && report_.verified) report_.verified = false;
    if (first_seconds_ && !report_.cases[0].seconds.empty()) {
        report_.set_up_seconds = *first_seconds_ - percentiles_of(report_.cases[0].seconds).p50;
    }
    return report_;
}

}  // namespace remit::tools
