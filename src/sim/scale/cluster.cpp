#include "sim/scale/cluster.hpp"

#include "sim/violation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace remit::sim::scale {
namespace {

constexpr std::uint64_t kSizesSeed = 20240918;

}  // namespace

double mean_request_bytes(const Layout& layout) {
    constexpr std::uint64_t kSample = 100'000;
    RequestSizes sizes(kSizesSeed);
    double sum = 0;
    for (std::uint64_t i = 0; i < kSample; ++i) sum += static_cast<double>(layout.payload_bytes(sizes.next()));
    return sum / kSample;
}

Cluster::Cluster(const Settings& settings)
    : settings_(settings),
      layout_(Layout::multimodal(settings.layout)),
      port_gigabytes_(settings.costs.link_gigabits / 8),
      random_(settings.seed),
      sizes_(kSizesSeed + settings.seed) {
    const double capacity = settings.load * settings.embeddings * port_gigabytes_;  // bytes a nanosecond
    mean_gap_ = mean_request_bytes(layout_) / capacity;
    for (Place place = 0; place < settings.embeddings; ++place) {
        embeddings_.push_back(
            static_cast<EmbeddingNode*>(nodes_.emplace_back(std::make_unique<EmbeddingNode>(*this, place)).get()));
    }
    for (Place place = settings.embeddings; place < settings.embeddings + settings.languages; ++place) {
        languages_.push_back(
            static_cast<LanguageNode*>(nodes_.emplace_back(std::make_unique<LanguageNode>(*this, place)).get()));
    }
    stretch_sum_.resize(nodes_.size());
    stretch_count_.resize(nodes_.size());
    result_.settings = settings;
    warm_up_ = std::uint64_t{settings.embeddings} * settings.languages;
    for (std::uint32_t pair = 0; pair < warm_up_; ++pair) pairs_.push_back(pair);
    random_.shuffle(pairs_);
}

Cluster::~Cluster() = default;

Result Cluster::run() {
    schedule(Time::zero(), Kind::request, 0);
    while (ended_ < settings_.requests + warm_up_) {
        if (events_.empty()) throw Violation("the cluster has come to rest with requests unfinished");
        const Event event = events_.top();
        events_.pop();
        now_ = event.at;
        ++result_.events;
        take(event);
    }
    Result result = std::move(result_);
    finish(result);
    return result;
}

void Cluster::schedule(Time at, Kind kind, Place place, std::uint32_t slot) {
    events_.push({std::max(at, now_), ++order_, kind, place, slot});
}

void Cluster::take(const Event& event) {
    switch (event.kind) {
        case Kind::request: return begin_request();
        case Kind::item: return arrive(event.place, event.slot);
        case Kind::at_port: return at_port(event.slot);
        case Kind::deadline: {
            Node& due = node(event.place);
            if (due.timer != event.at) return;  // an earlier one has replaced it
            due.timer = protocol::kNever;
            return arrive(event.place, items_.put(DeadlineDue{}));
        }
        case Kind::wake: {
            Node& ready = node(event.place);
            ready.busy = false;
            if (ready.waiting() > 0) serve(ready, event.place);
            return;
        }
    }
}

// ---------------------------------------------------------------------------------- users

void Cluster::choose_workers(Request& request) {
    const bool warming = begun_ <= warm_up_;
    const std::uint32_t pair = warming ? pairs_[begun_ - 1] : 0;
    const auto embedding = warming ? pair / settings_.languages : random_.below(settings_.embeddings);
    const auto language = warming ? pair % settings_.languages : random_.below(settings_.languages);
    request.embedding = static_cast<Place>(embedding);
    request.language = static_cast<Place>(settings_.embeddings + language);
}

void Cluster::begin_measuring() {
    measured_from_ = now_;
    for (const LanguageNode* language : languages_) block_time_before_ += language->block_time(now_);
}

void Cluster::begin_request() {
    std::uint32_t slot = 0;
    if (free_requests_.empty()) {
        slot = static_cast<std::uint32_t>(requests_.size());
        requests_.emplace_back();
    } else {
        slot = free_requests_.back();
        free_requests_.pop_back();
    }
    Request& made = requests_[slot];
    made = {};
    made.room = ++begun_ << 32 | slot;
    made.tokens = sizes_.next();
    made.began = now_;
    choose_workers(made);
    if (begun_ == warm_up_ + 1) begin_measuring();
    EmbeddingNode& sender = *embeddings_[made.embedding];
    LanguageNode& receiver = *languages_[made.language - settings_.embeddings];
    if (is_measured(made.room)) {
        result_.sends_open.add(sender.machine().unfinished_sends());
        result_.rooms_open.add(receiver.machine().rooms());
        result_.most_blocks = std::max(result_.most_blocks, receiver.used_blocks());
    }
    later(made.language, now_, BeginReceive{made.room});
    later(made.embedding, now_, BeginSend{made.room});
    const double unit = static_cast<double>(random_.next() >> 11) * 0x1p-53;
    next_request_ += -std::log(1 - unit) * mean_gap_;
    if (begun_ < settings_.requests + warm_up_)
        schedule(Time(static_cast<std::int64_t>(next_request_)), Kind::request, 0);
}

void Cluster::noted(const protocol::language::Note& note) {
    if (!is_measured(note.handle) || (note.what != "INIT" && note.what != "RESUME")) return;
    result_.blocks_offered += note.blocks;
    if (note.what == "INIT" && note.blocks == 0) ++result_.inits_without_blocks;
    if (note.range.first > 0) ++result_.resumes;
}

void Cluster::sent(RoomId room, Status status, const std::string& reason) {
    Request& request = requests_.at(slot_of(room));
    if (request.room != room || request.sent) throw Violation("E: a send ends twice");
    if (status != Status::Success) fail("send: " + reason);
    request.sent = true;
    release(slot_of(room));
}

void Cluster::received(const protocol::language::Final& final, Time after) {
    Request& request = requests_.at(slot_of(final.handle));
    if (request.room != final.handle || request.received) throw Violation("L: a room ends twice");
    request.received = true;
    if (final.status == Status::Success) {
        if (final.total_tokens != request.tokens) throw Violation("L: Success with another length than was sent");
        result_.succeeded += is_measured(request.room) ? 1 : 0;
    } else {
        fail("receive: " + final.reason);
    }
    if (is_measured(request.room)) measure(request, now_ + after - request.began);
    ++ended_;
    release(slot_of(final.handle));
}

void Cluster::measure(const Request& request, Time took) {
    const double microseconds = static_cast<double>(took.count()) / 1e3;
    const std::uint64_t payload = layout_.payload_bytes(request.tokens);
    const double stretch =
        static_cast<double>(took.count()) / static_cast<double>(duration_of(payload, port_gigabytes_).count());
    result_.tokens += request.tokens;
    result_.blocks_needed += layout_.blocks_for(request.tokens);
    result_.completion.add(microseconds);
    std::size_t size_class = 0;
    while (request.tokens > kMostOfClass[size_class]) ++size_class;
    result_.by_class[size_class].add(microseconds);
    result_.stretch.add(stretch);
    for (const Place place : {request.embedding, request.language}) {
        stretch_sum_[place] += stretch;
        ++stretch_count_[place];
    }
    result_.hash = (result_.hash ^ static_cast<std::uint64_t>(took.count()) ^ request.room) * 0x100000001b3u;
    result_.seconds = static_cast<double>((request.began + took - measured_from_).count()) / 1e9;
}

void Cluster::release(std::uint32_t slot) {
    if (requests_[slot].sent && requests_[slot].received) free_requests_.push_back(slot);
}

void Cluster::fail(const std::string& reason) {
    ++result_.failed;
    if (result_.first_failure.empty()) result_.first_failure = reason;
}

// ---------------------------------------------------------------------------------- threads

void Cluster::later(Place place, Time at, Item item) {
    schedule(at, Kind::item, place, items_.put(std::move(item)));
}

void Cluster::arrive(Place place, std::uint32_t slot) {
    Node& to = node(place);
    (is_embedding(place) ? result_.embedding_inbox : result_.language_inbox).add(to.waiting());
    (comes_first(items_[slot]) ? to.completions : to.inbox).push_back(slot);
    if (!to.busy) serve(to, place);
}

void Cluster::serve(Node& node, Place place) {
    std::deque<std::uint32_t>& queue = node.completions.empty() ? node.inbox : node.completions;
    const std::uint32_t slot = queue.front();
    queue.pop_front();
    node.busy = true;
    const Time spent = node.serve(items_.take(slot));
    schedule(now_ + spent, Kind::wake, place);
    watch(node, place);
}

void Cluster::watch(Node& node, Place place) {
    const Time next = node.next_deadline();
    if (next >= node.timer) return;
    node.timer = std::max(next, now_);
    schedule(node.timer, Kind::deadline, place);
}

// ---------------------------------------------------------------------------------- wires

/// Messages of a room count where the room is measured, others in the time in which rooms are.
template <class Message>
void Cluster::count(const Message& message, MessageKind kind) {
    const bool measured = std::visit(
        [this](const auto& m) {
            if constexpr (requires { m.room; }) return is_measured(m.room);
            return now_ >= measured_from_;
        },
        message);
    if (measured) ++result_.messages[static_cast<std::size_t>(kind)];
}

void Cluster::tell(Place, Place to, protocol::ToEmbedding message, Time after) {
    constexpr std::array<MessageKind, std::variant_size_v<protocol::ToEmbedding>> kKinds{
        MessageKind::registration, MessageKind::registration, MessageKind::init,     MessageKind::resume,
        MessageKind::abort,        MessageKind::registration, MessageKind::liveness, MessageKind::liveness};
    count(message, kKinds[message.index()]);
    later(to, now_ + after + settings_.costs.control_delay, std::move(message));
}

void Cluster::tell(Place, Place to, protocol::ToLanguage message, Time after) {
    constexpr std::array<MessageKind, std::variant_size_v<protocol::ToLanguage>> kKinds{
        MessageKind::registration, MessageKind::status, MessageKind::abort, MessageKind::liveness,
        MessageKind::liveness};
    count(message, kKinds[message.index()]);
    later(to, now_ + after + settings_.costs.control_delay, std::move(message));
}

void Cluster::launch(const Flight& flight, Time ready) {
    Node& from = node(flight.from);
    const Time first_byte = std::max(ready, from.port_free);
    from.port_free = first_byte + duration_of(flight.bytes, port_gigabytes_);
    from.port_bytes += flight.bytes;
    schedule(first_byte + settings_.costs.data_delay, Kind::at_port, flight.to, flights_.put(flight));
}

/// The first byte is there: the rest follows at the link's rate, behind what came before it.
void Cluster::at_port(std::uint32_t slot) {
    const Flight flight = flights_.take(slot);
    Node& to = node(flight.to);
    const Time landed = std::max(now_, to.port_free) + duration_of(flight.bytes, port_gigabytes_);
    to.port_free = landed;
    if (flight.last) later(flight.to, landed, RoundLanded{flight.attempt, flight.total_tokens});
    later(flight.from, landed + settings_.costs.data_delay, ChunkWritten{flight.attempt, flight.round, flight.region});
}

void Cluster::count_round(RoomId room, std::uint64_t writes, std::uint64_t bytes) {
    if (!is_measured(room)) return;
    ++result_.rounds;
    result_.writes += writes;
    result_.bytes += bytes;
}

// ---------------------------------------------------------------------------------- the end

void Cluster::finish(Result& result) {
    double block_time = 0;
    for (const LanguageNode* language : languages_) block_time += language->block_time(now_);
    result.block_seconds = (block_time - block_time_before_) / 1e9;
    result.warm_up = warm_up_;
    result.pool_share = result.block_seconds / (result.seconds * settings_.languages * settings_.pool_blocks);
    result.port_share =
        static_cast<double>(result.bytes) / (result.seconds * 1e9 * port_gigabytes_ * settings_.embeddings);
    std::vector<double> embeddings;
    std::vector<double> languages;
    for (Place place = 0; place < nodes_.size(); ++place) {
        if (stretch_count_[place] == 0) continue;
        (is_embedding(place) ? embeddings : languages)
            .push_back(stretch_sum_[place] / static_cast<double>(stretch_count_[place]));
    }
    result.fairness_embeddings = jain_index(embeddings);
    result.fairness_languages = jain_index(languages);
    for (Samples* samples :
         {&result.completion, &result.stretch, &result.by_class[0], &result.by_class[1], &result.by_class[2]}) {
        samples->sort();
    }
}

}  // namespace remit::sim::scale
