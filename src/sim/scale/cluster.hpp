#pragma once

#include "protocol/embedding/actions.hpp"
#include "sim/context.hpp"
#include "sim/random.hpp"
#include "sim/scale/embedding_node.hpp"
#include "sim/scale/items.hpp"
#include "sim/scale/language_node.hpp"
#include "sim/scale/request_sizes.hpp"
#include "sim/scale/result.hpp"
#include "sim/scale/settings.hpp"
#include "sim/scale/slab.hpp"

#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace remit::sim::scale {

/// Bytes at so many gigabytes (10^9) a second.
[[nodiscard]] inline Time duration_of(std::uint64_t bytes, double gigabytes) {
    return Time(static_cast<std::int64_t>(static_cast<double>(bytes) / gigabytes + 0.5));
}

/// A request under way.
struct Request {
    RoomId room = 0;
    std::uint64_t tokens = 0;
    Place embedding = 0;
    Place language = 0;
    Time began{};
    bool sent = false;
    bool received = false;
};

/// A cluster of the product's state machines, plans and allocators on a model of threads, ports and delays:
///
/// - a worker's thread takes one item at a time, completions first, each for `costs.event`; what it tells leaves then;
/// - a control message takes `control_delay`, whatever else is on the wire;
/// - a chunk takes its turn at the sender's port, then `data_delay`, then its turn at the receiver's port, each at the
///   link's rate; between the ports nothing is in the way; its acknowledgement takes `data_delay`;
/// - nothing is lost and nobody dies.
///
/// Requests come as a Poisson stream at `load` of the embedding workers' ports, each for an embedding and a language
/// worker drawn at random; receive() and send() are called at the same moment. Before them come as many as there are
/// pairs of workers, one for each, so that sessions are set up; they are not measured.
class Cluster {
public:
    explicit Cluster(const Settings& settings);
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    /// Once. @throws Violation where the product does what its driver must not see.
    Result run();

    // -- for its nodes
    [[nodiscard]] Time now() const noexcept { return now_; }
    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] const Request& request(RoomId room) const { return requests_.at(slot_of(room)); }
    [[nodiscard]] static std::uint64_t first_session(Place place) { return place * kSessionsOfPlace + 1; }
    [[nodiscard]] static Place place_of_session(std::uint64_t session) {
        return static_cast<Place>(session / kSessionsOfPlace);
    }
    void tell(Place from, Place to, protocol::ToEmbedding message, Time after);
    void tell(Place from, Place to, protocol::ToLanguage message, Time after);
    void later(Place place, Time at, Item item);
    /// A chunk enters its sender's port when that is free, not before `ready`.
    void launch(const Flight& flight, Time ready);
    void count_round(RoomId room, std::uint64_t writes, std::uint64_t bytes);
    void noted(const protocol::language::Note& note);
    void sent(RoomId room, Status status, const std::string& reason);
    void received(const protocol::language::Final& final, Time after);

private:
    static constexpr std::uint64_t kSessionsOfPlace = 1'000'000;

    enum class Kind : std::uint8_t { request, item, wake, deadline, at_port };
    struct Event {
        Time at{};
        std::uint64_t order = 0;
        Kind kind = Kind::item;
        Place place = 0;
        std::uint32_t slot = 0;
        bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
    };

    void schedule(Time at, Kind kind, Place place, std::uint32_t slot = 0);
    void take(const Event& event);
    void choose_workers(Request& request);
    void begin_request();
    void begin_measuring();
    void measure(const Request& request, Time took);
    [[nodiscard]] bool is_measured(RoomId room) const { return room >> 32 > warm_up_; }
    template <class Message>
    void count(const Message& message, MessageKind kind);
    void arrive(Place place, std::uint32_t slot);
    void serve(Node& node, Place place);
    void watch(Node& node, Place place);
    void at_port(std::uint32_t slot);
    void fail(const std::string& reason);
    [[nodiscard]] Node& node(Place place) { return *nodes_[place]; }
    [[nodiscard]] bool is_embedding(Place place) const { return place < settings_.embeddings; }
    [[nodiscard]] static std::uint32_t slot_of(RoomId room) { return static_cast<std::uint32_t>(room); }
    void release(std::uint32_t slot);
    void finish(Result& result);

    const Settings settings_;
    const Layout layout_;
    const double port_gigabytes_;
    Random random_;
    RequestSizes sizes_;
    Time now_{};
    double mean_gap_ = 0;  ///< nanoseconds between requests
    double next_request_ = 0;
    std::uint64_t warm_up_ = 0;
    std::vector<std::uint32_t> pairs_;  ///< of the warm-up, in its order
    Time measured_from_ = protocol::kNever;
    double block_time_before_ = 0;
    std::uint64_t begun_ = 0;
    std::uint64_t ended_ = 0;
    std::uint64_t order_ = 0;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    Slab<Item> items_;
    Slab<Flight> flights_;
    std::vector<Request> requests_;
    std::vector<std::uint32_t> free_requests_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<EmbeddingNode*> embeddings_;
    std::vector<LanguageNode*> languages_;
    std::vector<double> stretch_sum_;  ///< by place
    std::vector<std::uint64_t> stretch_count_;
    Result result_;
};

/// Mean payload of a request of the trace, in bytes, over a fixed sample.
[[nodiscard]] double mean_request_bytes(const Layout& layout);

}  // namespace remit::sim::scale
