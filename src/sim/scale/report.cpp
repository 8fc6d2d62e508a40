// What simulated clusters tell: a table for people, JSON for plots.

#include "sim/scale/runs.hpp"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

namespace remit::sim::scale {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kModel =
    "A MODEL, not a measurement: remit's own state machines, plans, allocator and first guess run; threads, ports, "
    "copies and delays are numbers (below), the network between ports is never in the way, and nothing fails.";

double per_request(const Result& r, double value) {
    return value / static_cast<double>(r.settings.requests);
}

double room_messages(const Result& r) {
    double sum = 0;
    for (const MessageKind kind : {MessageKind::init, MessageKind::resume, MessageKind::status, MessageKind::abort}) {
        sum += static_cast<double>(r.messages[static_cast<std::size_t>(kind)]);
    }
    return per_request(r, sum);
}

double liveness_messages(const Result& r) {
    return per_request(r, static_cast<double>(r.messages[static_cast<std::size_t>(MessageKind::liveness)]));
}

double wasted_blocks(const Result& r) {
    return per_request(r, static_cast<double>(r.blocks_offered) - static_cast<double>(r.blocks_needed));
}

/// Processor time for each simulated request, the warm-up's among them, in microseconds.
double processor_microseconds(const Result& r) {
    return 1e6 * r.processor_seconds / static_cast<double>(r.settings.requests + r.warm_up);
}

std::string cluster_name(const Settings& s) {
    return fmt::format("{}x{}", s.embeddings, s.languages);
}

std::string parameters(const Settings& s) {
    const Costs& c = s.costs;
    return fmt::format(
        "ports of {:.0f} Gb/s, {:.1f} us from port to port; control {:.1f} us from thread to thread; a thread takes "
        "{:.2f} "
        "us an event and {:.2f} us a work request; copies at {:.0f} GB/s after {:.1f} us; hidden {} {}, blocks of {} "
        "tokens, {} of them a language worker; {:.0f} % load on the embedding workers' ports; seed {}\n",
        c.link_gigabits, static_cast<double>(c.data_delay.count()) / 1e3,
        static_cast<double>(c.control_delay.count()) / 1e3, static_cast<double>(c.event.count()) / 1e3,
        static_cast<double>(c.post.count()) / 1e3, c.copy_gigabytes, static_cast<double>(c.copy_launch.count()) / 1e3,
        s.layout.hidden, to_string(s.layout.dtype), s.layout.block_size, s.pool_blocks, 100 * s.load, s.seed);
}

constexpr std::array<double, 4> kShares{0.5, 0.9, 0.99, 0.999};
constexpr std::array<const char*, 4> kShareNames{"p50", "p90", "p99", "p99.9"};

std::string row(const Result& r) {
    std::string text = fmt::format("{:<7} {:<11}", cluster_name(r.settings), r.settings.policy());
    for (const double share : kShares) text += fmt::format(" {:>9.0f}", r.completion.quantile(share));
    return text + fmt::format(
                      " {:>8.2f} {:>7.3f} {:>6.2f} {:>6.2f} {:>7.2f} {:>5.1f}% {:>4} {:>4} {:>4} {:>6} {:>6.4f} "
                      "{:>6.4f} {:>5.1f}%\n",
                      r.stretch.quantile(0.5), per_request(r, static_cast<double>(r.resumes)), room_messages(r),
                      liveness_messages(r), wasted_blocks(r), 100 * r.pool_share, r.embedding_inbox.quantile(0.99),
                      r.language_inbox.quantile(0.99), r.sends_open.quantile(0.99), r.most_blocks, r.fairness_languages,
                      r.fairness_embeddings, 100 * r.port_share);
}

Json quantiles(const Samples& samples) {
    Json out = {{"mean", samples.mean()}};
    for (std::size_t i = 0; i < kShares.size(); ++i) out[kShareNames[i]] = samples.quantile(kShares[i]);
    out["most"] = samples.quantile(1);
    return out;
}

Json counts(const Counts& values) {
    Json out = {{"mean", values.mean()}};
    for (std::size_t i = 0; i < kShares.size(); ++i) out[kShareNames[i]] = values.quantile(kShares[i]);
    out["most"] = values.most();
    return out;
}

Json json_of(const Result& r) {
    Json messages = Json::object();
    for (std::size_t i = 0; i < kMessageKinds; ++i) messages[kMessageNames[i]] = r.messages[i];
    Json classes = Json::object();
    for (std::size_t i = 0; i < kSizeClasses; ++i) classes[kClassNames[i]] = quantiles(r.by_class[i]);
    return {{"cluster", cluster_name(r.settings)},
            {"embeddings", r.settings.embeddings},
            {"languages", r.settings.languages},
            {"policy", r.settings.policy()},
            {"requests", r.settings.requests},
            {"warm_up", r.warm_up},
            {"succeeded", r.succeeded},
            {"failed", r.failed},
            {"tokens", r.tokens},
            {"bytes", r.bytes},
            {"simulated_seconds", r.seconds},
            {"completion_microseconds", quantiles(r.completion)},
            {"completion_microseconds_by_length", classes},
            {"stretch", quantiles(r.stretch)},
            {"resumes_a_request", per_request(r, static_cast<double>(r.resumes))},
            {"writes_a_request", per_request(r, static_cast<double>(r.writes))},
            {"blocks_offered_a_request", per_request(r, static_cast<double>(r.blocks_offered))},
            {"blocks_needed_a_request", per_request(r, static_cast<double>(r.blocks_needed))},
            {"blocks_wasted_a_request", wasted_blocks(r)},
            {"block_milliseconds_a_request", per_request(r, 1e3 * r.block_seconds)},
            {"inits_without_blocks_a_request", per_request(r, static_cast<double>(r.inits_without_blocks))},
            {"pool_share", r.pool_share},
            {"most_blocks_of_a_pool", r.most_blocks},
            {"port_share", r.port_share},
            {"messages", messages},
            {"room_messages_a_request", room_messages(r)},
            {"liveness_messages_a_request", liveness_messages(r)},
            {"embedding_inbox", counts(r.embedding_inbox)},
            {"language_inbox", counts(r.language_inbox)},
            {"sends_open", counts(r.sends_open)},
            {"rooms_open", counts(r.rooms_open)},
            {"fairness_languages", r.fairness_languages},
            {"fairness_embeddings", r.fairness_embeddings},
            {"events_a_request", static_cast<double>(r.events) / static_cast<double>(r.settings.requests + r.warm_up)},
            {"hash", fmt::format("{:016x}", r.hash)},
            {"processor_microseconds_a_request", processor_microseconds(r)},
            {"wall_seconds", r.wall_seconds},
            {"peak_memory_of_process", r.peak_memory}};
}

Json json_of(const Settings& s) {
    const Costs& c = s.costs;
    return {{"link_gigabits", c.link_gigabits},
            {"data_delay_microseconds", static_cast<double>(c.data_delay.count()) / 1e3},
            {"control_delay_microseconds", static_cast<double>(c.control_delay.count()) / 1e3},
            {"thread_microseconds_an_event", static_cast<double>(c.event.count()) / 1e3},
            {"thread_microseconds_a_work_request", static_cast<double>(c.post.count()) / 1e3},
            {"copy_gigabytes", c.copy_gigabytes},
            {"copy_launch_microseconds", static_cast<double>(c.copy_launch.count()) / 1e3},
            {"load", s.load},
            {"hidden", s.layout.hidden},
            {"block_size", s.layout.block_size},
            {"pool_blocks", s.pool_blocks},
            {"chunk_bytes", s.chunk_bytes},
            {"send_regions", s.send_regions},
            {"guess_share", s.guess.share},
            {"guess_history", s.guess.history},
            {"guess_free_share", s.guess.free_share},
            {"seed", s.seed}};
}

}  // namespace

std::string scale_text(const std::vector<Result>& results) {
    std::string text = std::string(kModel) + "\n" + parameters(results.front().settings);
    text += fmt::format("{:<7} {:<11}", "cluster", "guess");
    for (const char* name : kShareNames) text += fmt::format(" {:>6} us", name);
    text += fmt::format(" {:>8} {:>7} {:>6} {:>6} {:>7} {:>6} {:>4} {:>4} {:>4} {:>6} {:>6} {:>6} {:>6}\n", "stretch",
                        "resumes", "msgs", "pings", "wasted", "pool", "E q", "L q", "open", "blocks", "fair L",
                        "fair E", "ports");
    for (const Result& r : results) text += row(r);
    text +=
        "us: receive() and send() to Success. stretch: that over the time of the bytes alone on an idle wire, median. "
        "A "
        "request: resumes, msgs\n(control messages of its room), pings (liveness messages, by sessions and time), "
        "wasted (blocks offered and not needed). pool: blocks held, in the\nmean over time; blocks: most in one pool. "
        "E q, L q: items waiting for a worker's thread, p99; open: sends open at an embedding worker, p99.\nfair: "
        "Jain's index of the mean stretch over the workers. ports: of what the embedding workers' ports could carry.\n";
    for (const Result& r : results) {
        text += fmt::format(
            "{:<7} {:<11} {} requests in {:.2f} s simulated; {:.1f} s here, {:.1f} us of processor and {:.1f} events a "
            "request, process peak {:.0f} MB\n",
            cluster_name(r.settings), r.settings.policy(), r.settings.requests, r.seconds, r.wall_seconds,
            processor_microseconds(r),
            static_cast<double>(r.events) / static_cast<double>(r.settings.requests + r.warm_up),
            static_cast<double>(r.peak_memory) / 1e6);
        if (r.failed > 0) text += fmt::format("        {} FAILED: {}\n", r.failed, r.first_failure);
    }
    return text;
}

std::string scale_json(const std::vector<Result>& results) {
    Json runs = Json::array();
    for (const Result& r : results) runs.push_back(json_of(r));
    return Json{{"model", kModel}, {"parameters", json_of(results.front().settings)}, {"runs", runs}}.dump(1) + "\n";
}

}  // namespace remit::sim::scale
