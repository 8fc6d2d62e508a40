// The first guess on a trace of mixed pictures and films: what fixed guesses cost in resumes, in blocks and in time,
// and what a guess that is learned does. Real workers, on the loopback fabric or on two RDMA devices; every policy has
// a pair of its own, and passes over the trace alternate between the policies.

#include "sim/scale/request_sizes.hpp"

#include <remit/remit.hpp>

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace remit;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

struct Setup {
    std::uint64_t requests = 400;
    std::uint32_t passes = 5;
    std::uint32_t concurrency = 8;
    std::uint32_t hidden = 256;
    std::uint32_t pool_blocks = 1024;
    double free_share = 0.25;
    std::uint64_t seed = 20240918;
    std::vector<std::string> guesses{"1024",  "8192",     "0",         "512",      "2048",     "4096",
                                     "16384", "auto:0.5", "auto:0.75", "auto:0.9", "auto:0.95"};
    std::string fabric = "loopback";
    std::vector<std::string> devices;
    std::string json;
};

struct Policy {
    std::string name;
    std::optional<std::uint64_t> expected;
    double share = GuessOptions{}.share;
};

Policy policy_of(const std::string& text) {
    if (text.rfind("auto", 0) == 0) {
        Policy policy{text, kAutoTokens};
        if (text.size() > 5) policy.share = std::stod(text.substr(5));
        return policy;
    }
    return {text == "0" ? "size first" : "fixed " + text, std::stoull(text)};
}

/// Memory that requests read and sinks write: the tensors of the longest request.
class Tensors {
public:
    Tensors(const Layout& layout, std::uint64_t tokens) {
        for (const Segment& segment : layout.segments()) {
            buffers_.emplace_back(segment.block_bytes(tokens));
        }
    }
    [[nodiscard]] std::vector<void*> pointers() {
        std::vector<void*> all;
        for (auto& buffer : buffers_) all.push_back(buffer.data());
        return all;
    }

private:
    std::vector<std::vector<std::byte>> buffers_;
};

/// What one pass over the trace came to.
struct Pass {
    double seconds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t blocks_offered = 0;
    std::uint64_t blocks_needed = 0;
    std::vector<double> microseconds;
};

class Contestant {
public:
    Contestant(const Setup& setup, const Policy& policy, const Layout& layout, std::uint64_t longest, int number)
        : policy_(policy), layout_(layout), source_(layout, longest) {
        EmbeddingWorkerOptions embedding;
        LanguageWorkerOptions language;
        language.guess.share = policy.share;
        language.guess.free_share = setup.free_share;
        for (FabricOptions* fabric : {&embedding.fabric, &language.fabric}) {
            fabric->kind = setup.fabric == "verbs" ? FabricKind::verbs : FabricKind::loopback;
            fabric->loopback_network = fmt::format("first guess {}", number);
            // Where one CPU is both ends' wire and an emulated one, an acknowledgement may take longer than the default's half
            // second of retries; what is compared are guesses, not how soon a dead peer is seen.
            fabric->timeout = 18;
        }
        if (!setup.devices.empty()) {
            embedding.fabric.device = setup.devices.front();
            language.fabric.device = setup.devices.back();
        }
        embedding_ = std::make_unique<EmbeddingWorker>(embedding, layout, 1);
        language_ = std::make_unique<LanguageWorker>(language, layout, setup.pool_blocks);
        for (std::uint32_t i = 0; i < setup.concurrency; ++i) {
            sinks_.push_back(std::make_unique<Tensors>(layout, longest));
        }
    }

    [[nodiscard]] const Policy& policy() const { return policy_; }
    [[nodiscard]] std::uint64_t guessed() const { return language_->guessed_tokens(); }

    Pass run(const std::vector<std::uint64_t>& lengths) {
        Pass pass;
        const auto began = Clock::now();
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            if (flights_.size() == sinks_.size()) collect(pass);
            begin(lengths[i], i % sinks_.size());
        }
        while (!flights_.empty()) collect(pass);
        pass.seconds = std::chrono::duration<double>(Clock::now() - began).count();
        return pass;
    }

private:
    struct Flight {
        std::uint64_t tokens;
        Clock::time_point began;
        Reception reception;
        Send send;
    };

    void begin(std::uint64_t tokens, std::size_t sink) {
        const RoomId room = ++rooms_;
        ReceiveOptions options;
        options.expected_tokens = policy_.expected;
        options.into = Sink([to = sinks_[sink]->pointers()](std::uint64_t) { return SinkTensors{to}; });
        ContiguousSource source;
        for (void* pointer : source_.pointers()) source.data.push_back(pointer);
        const auto now = Clock::now();
        Reception reception = language_->receive(room, embedding_->endpoint(), std::move(options));
        Send send = embedding_->send(room, std::move(source), tokens);
        flights_.push_back({tokens, now, std::move(reception), std::move(send)});
    }

    void collect(Pass& pass) {
        const Flight flight = std::move(flights_.front());
        flights_.pop_front();
        if (flight.reception.wait_for(std::chrono::seconds(60)) != Status::Success ||
            flight.send.wait_for(std::chrono::seconds(60)) != Status::Success) {
            throw std::runtime_error(fmt::format("a request of {} tokens has not arrived: {} {}", flight.tokens,
                                                 flight.reception.reason(), flight.send.reason()));
        }
        pass.resumes += resumes_of(flight.reception, pass);
        pass.blocks_needed += layout_.blocks_for(flight.tokens);
    }

    /// Counts what was offered; the first round after a size-first INIT is no resume.
    std::uint64_t resumes_of(const Reception& reception, Pass& pass) const {
        std::uint64_t resumes = 0;
        std::optional<Clock::time_point> first;
        for (const RoomEvent& event : reception.history()) {
            if (!first) first = event.time;
            if (event.what == "INIT" || event.what == "RESUME") pass.blocks_offered += event.blocks;
            if (event.what == "RESUME" && event.first_token > 0) ++resumes;
            if (event.what == "final") {
                pass.microseconds.push_back(std::chrono::duration<double, std::micro>(event.time - *first).count());
            }
        }
        return resumes;
    }

    Policy policy_;
    Layout layout_;
    Tensors source_;
    std::vector<std::unique_ptr<Tensors>> sinks_;
    std::unique_ptr<EmbeddingWorker> embedding_;
    std::unique_ptr<LanguageWorker> language_;
    std::deque<Flight> flights_;
    RoomId rooms_ = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

/// All passes of one policy but the first, in which sessions are set up and the guess learns; ratios against `base`.
Json row_of(const Contestant& contestant, const std::vector<Pass>& passes, const std::vector<Pass>& base,
            std::uint64_t requests) {
    Pass sum;
    std::vector<double> seconds;
    std::vector<double> ratios;
    for (std::size_t i = 1; i < passes.size(); ++i) {
        sum.resumes += passes[i].resumes;
        sum.blocks_offered += passes[i].blocks_offered;
        sum.blocks_needed += passes[i].blocks_needed;
        sum.microseconds.insert(sum.microseconds.end(), passes[i].microseconds.begin(), passes[i].microseconds.end());
        seconds.push_back(passes[i].seconds);
        ratios.push_back(passes[i].seconds / base[i].seconds);
    }
    const double all = static_cast<double>(requests * (passes.size() - 1));
    return {{"guess", contestant.policy().name},
            {"learned_tokens", contestant.policy().expected ? Json() : Json(contestant.guessed())},
            {"resumes_a_request", static_cast<double>(sum.resumes) / all},
            {"blocks_needed_a_request", static_cast<double>(sum.blocks_needed) / all},
            {"blocks_wasted_a_request", static_cast<double>(sum.blocks_offered - sum.blocks_needed) / all},
            {"wall_seconds_median", median(seconds)},
            {"wall_ratio_median", median(ratios)},
            {"wall_ratio_quartile_1", quantile(ratios, 0.25)},
            {"wall_ratio_quartile_3", quantile(ratios, 0.75)},
            {"wall_ratio_least", *std::min_element(ratios.begin(), ratios.end())},
            {"wall_ratio_most", *std::max_element(ratios.begin(), ratios.end())},
            {"microseconds_p50", quantile(sum.microseconds, 0.5)},
            {"microseconds_p99", quantile(sum.microseconds, 0.99)}};
}

void print(const Json& result, const Setup& setup) {
    std::cout << fmt::format(
        "{} requests of mixed pictures and films, {} tokens in the mean, {} at once; {} passes, the first not counted; "
        "{}\n"
        "{:<13} {:>8} {:>9} {:>9} {:>9} {:>8} {:>17} {:>9} {:>9}\n",
        setup.requests, result["mean_tokens"].get<std::uint64_t>(), setup.concurrency, setup.passes,
        result["device"].get<std::string>(), "guess", "learned", "resumes", "blocks", "wasted", "wall s",
        "ratio (quartiles)", "p50 us", "p99 us");
    for (const Json& row : result["rows"]) {
        std::cout << fmt::format(
            "{:<13} {:>8} {:>9.3f} {:>9.2f} {:>9.2f} {:>8.3f} {:>5.3f} ({:.3f}-{:.3f}) {:>8.0f} {:>9.0f}\n",
            row["guess"].get<std::string>(), row["learned_tokens"].is_null() ? "" : row["learned_tokens"].dump(),
            row["resumes_a_request"].get<double>(), row["blocks_needed_a_request"].get<double>(),
            row["blocks_wasted_a_request"].get<double>(), row["wall_seconds_median"].get<double>(),
            row["wall_ratio_median"].get<double>(), row["wall_ratio_quartile_1"].get<double>(),
            row["wall_ratio_quartile_3"].get<double>(), row["microseconds_p50"].get<double>(),
            row["microseconds_p99"].get<double>());
    }
    std::cout
        << "A request: resumes, blocks it needs, blocks wasted (offered and not needed). ratio: wall time of a pass "
           "over that of the first row's pass beside it, median and quartiles.\n";
}

Json measure(const Setup& setup) {
    const Layout layout = Layout::multimodal({.hidden = setup.hidden});
    sim::RequestSizes sizes(setup.seed);
    std::vector<std::uint64_t> lengths;
    for (std::uint64_t i = 0; i < setup.requests; ++i) lengths.push_back(sizes.next());
    const std::uint64_t longest = *std::max_element(lengths.begin(), lengths.end());
    std::vector<std::unique_ptr<Contestant>> contestants;
    std::vector<std::vector<Pass>> passes(setup.guesses.size());
    for (const std::string& guess : setup.guesses) {
        contestants.push_back(std::make_unique<Contestant>(setup, policy_of(guess), layout, longest,
                                                           static_cast<int>(contestants.size())));
    }
    for (std::uint32_t pass = 0; pass <= setup.passes; ++pass) {
        for (std::size_t i = 0; i < contestants.size(); ++i) {
            // Each goes first, and after each other, in turn.
            const std::size_t who = (i + pass) % contestants.size();
            passes[who].push_back(contestants[who]->run(lengths));
        }
    }
    Json rows = Json::array();
    for (std::size_t i = 0; i < contestants.size(); ++i) {
        rows.push_back(row_of(*contestants[i], passes[i], passes[0], setup.requests));
    }
    const std::uint64_t tokens = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
    return {{"requests", setup.requests},
            {"passes", setup.passes},
            {"concurrency", setup.concurrency},
            {"hidden", setup.hidden},
            {"block_size", layout.block_size()},
            {"pool_blocks", setup.pool_blocks},
            {"free_share", setup.free_share},
            {"seed", setup.seed},
            {"device", setup.fabric == "verbs" ? fmt::format("{}", fmt::join(setup.devices, ",")) : setup.fabric},
            {"mean_tokens", tokens / setup.requests},
            {"longest_tokens", longest},
            {"rows", rows}};
}

}  // namespace

int main(int argc, char** argv) {
    Setup setup;
    CLI::App app("Compares first guesses on a trace of mixed pictures and films.", "remit_first_guess");
    app.add_option("--requests", setup.requests, "of the trace")
        ->check(CLI::Range(10u, 1000000u))
        ->capture_default_str();
    app.add_option("--passes", setup.passes, "measured, after one that is not")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    app.add_option("--concurrency", setup.concurrency, "requests in flight")
        ->check(CLI::Range(1u, 256u))
        ->capture_default_str();
    app.add_option("--hidden", setup.hidden, "elements of one embedding, bf16")
        ->check(CLI::Range(1u, 65536u))
        ->capture_default_str();
    app.add_option("--pool-blocks", setup.pool_blocks, "of the language worker")
        ->check(CLI::Range(1u, 1u << 20))
        ->capture_default_str();
    app.add_option("--free-share", setup.free_share, "of the free blocks that one learned guess may take")
        ->capture_default_str();
    app.add_option("--seed", setup.seed, "of the trace")->capture_default_str();
    app.add_option("--guesses", setup.guesses,
                   "tokens, 0 for size first, auto:SHARE for learned ones; ratios are against the first")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--fabric", setup.fabric, "loopback or verbs")
        ->check(CLI::IsMember({"loopback", "verbs"}))
        ->capture_default_str();
    app.add_option("--device", setup.devices, "RDMA devices, sender's and receiver's")->delimiter(',');
    app.add_option("--json", setup.json, "file to write");
    CLI11_PARSE(app, argc, argv);
    try {
        const Json result = measure(setup);
        print(result, setup);
        if (!setup.json.empty()) std::ofstream(setup.json) << result.dump(1) << '\n';
    } catch (const std::exception& error) {
        std::cerr << "remit_first_guess: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
