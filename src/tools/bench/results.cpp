#include "tools/bench/results.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include "tools/bench/statistics.hpp"

namespace remit::tools {
namespace {

using Json = nlohmann::ordered_json;

/// One line of the table, for all three forms.
struct Row {
    const BenchCase& one;
    const BenchMeasured& measured;
    const BenchSent* sent;  ///< null: not known here
    Percentiles seconds;
    std::optional<MedianInterval> ratio;  ///< to the first mode of the same size

    [[nodiscard]] double requests() const { return static_cast<double>(measured.seconds.size()); }
    [[nodiscard]] double gigabits() const {
        const double each = measured.wall_seconds > 0 ? measured.wall_seconds / requests() : seconds.p50;
        return static_cast<double>(one.bytes) * 8e-9 / each;
    }
    [[nodiscard]] double a_request(double sum) const { return sum / requests(); }
    [[nodiscard]] double writes() const {
        return static_cast<double>(sent->writes) / static_cast<double>(std::max<std::uint64_t>(1, sent->requests));
    }
};

std::vector<Row> rows_of(const BenchResults& results) {
    std::vector<Row> rows;
    const auto& cases = results.plan.cases();
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const BenchMeasured& measured = results.received.cases[i];
        if (measured.seconds.empty()) continue;
        const auto& first = results.received.cases[i - i % results.plan.modes()].seconds;
        const BenchSent* sent = results.sent.cases.empty() ? nullptr : &results.sent.cases[i];
        rows.push_back({cases[i], measured, sent, percentiles_of(measured.seconds), ratio_of(measured.seconds, first)});
    }
    return rows;
}

std::string size_text(std::uint64_t bytes) {
    if (bytes < 10000) return fmt::format("{} B", bytes);
    if (bytes < 10'000'000) return fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1e3);
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string ratio_text(const std::optional<MedianInterval>& ratio) {
    if (!ratio) return "-";
    return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio->median, ratio->low, ratio->high);
}

Json json_of(const Row& row) {
    Json json{{"mode", to_string(row.one.mode)},
              {"tokens", row.one.tokens},
              {"expected_tokens", row.one.expected_tokens},
              {"bytes", row.one.bytes},
              {"requests", row.measured.seconds.size()},
              {"seconds",
               {{"min", row.seconds.least},
                {"p50", row.seconds.p50},
                {"p90", row.seconds.p90},
                {"p99", row.seconds.p99},
                {"p99.9", row.seconds.p999},
                {"max", row.seconds.most}}},
              {"gigabits_per_second", row.gigabits()},
              {"rounds_a_request", row.a_request(static_cast<double>(row.measured.rounds))},
              {"cpu_seconds_a_request", row.a_request(row.measured.cpu_seconds)}};
    if (row.ratio) {
        json["ratio_to_first_mode"] = {
            {"median", row.ratio->median}, {"low", row.ratio->low}, {"high", row.ratio->high}};
    }
    if (row.sent != nullptr) json["writes_a_request"] = row.writes();
    if (row.measured.wall_seconds > 0) json["requests_per_second"] = row.requests() / row.measured.wall_seconds;
    json["samples"] = row.measured.seconds;
    return json;
}

}  // namespace

std::string bench_table(const BenchResults& results) {
    std::string text = fmt::format("{:<11} {:>9} {:>8} {:>7} {:>10} {:>10} {:>10} {:>10} {:>9} {:>7} {:>7}  {}\n",
                                   "mode", "bytes", "tokens", "n", "p50 [us]", "p90 [us]", "p99 [us]", "p99.9 [us]",
                                   "Gb/s", "rounds", "writes", "time / first mode [95 %]");
    for (const Row& row : rows_of(results)) {
        text += fmt::format(
            "{:<11} {:>9} {:>8} {:>7} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f} {:>9.3f} {:>7.2f} {:>7}  {}\n",
            to_string(row.one.mode), size_text(row.one.bytes), row.one.tokens, row.measured.seconds.size(),
            row.seconds.p50 * 1e6, row.seconds.p90 * 1e6, row.seconds.p99 * 1e6, row.seconds.p999 * 1e6, row.gigabits(),
            row.a_request(static_cast<double>(row.measured.rounds)),
            row.sent == nullptr ? "-" : fmt::format("{:.1f}", row.writes()), ratio_text(row.ratio));
        if (row.measured.wall_seconds > 0) {
            text +=
                fmt::format("            {:.1f} requests/s, {:.1f} us of CPU a request\n",
                            row.requests() / row.measured.wall_seconds, row.a_request(row.measured.cpu_seconds) * 1e6);
        }
    }
    return text;
}

std::string bench_json(const BenchResults& results) {
    const Options& options = results.options;
    Json json{{"status", results.received.reason.empty() ? "Success" : "Failed"},
              {"reason", results.received.reason},
              {"verified", results.received.verified ? Json(*results.received.verified) : Json(nullptr)},
              {"fabric", options.fabric().kind == FabricKind::verbs ? "verbs" : "loopback"},
              {"sender_device", results.sent.device},
              {"receiver_device", results.received.device},
              {"hidden", options.hidden},
              {"dtype", std::string(to_string(options.dtype))},
              {"block_size", options.block_size},
              {"layout", std::string(to_string(options.layout))},
              {"queue_pairs", options.fabric().queue_pairs},
              {"chunk_bytes", options.config().embedding.chunk_bytes},
              {"send_regions", options.config().embedding.send_regions},
              {"chunks_in_flight", options.config().embedding.chunks_in_flight},
              {"in_place_bytes", options.config().embedding.in_place_bytes},
              {"depth", options.fabric().send_queue_depth},
              {"concurrency", results.plan.concurrency()},
              {"sink", options.sink},
              {"set_up_seconds", results.received.set_up_seconds},
              {"cases", Json::array()}};
    for (const Row& row : rows_of(results)) json["cases"].push_back(json_of(row));
    return json.dump();
}

std::string bench_csv(const BenchResults& results) {
    std::string text =
        "mode,tokens,expected_tokens,bytes,requests,min_us,p50_us,p90_us,p99_us,p99.9_us,max_us,gigabits_per_second,"
        "rounds_a_request,writes_a_request,cpu_us_a_request,ratio_median,ratio_low,ratio_high\n";
    for (const Row& row : rows_of(results)) {
        const MedianInterval ratio = row.ratio.value_or(MedianInterval{});
        text += fmt::format(
            "{},{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.6f},{:.3f},{},{:.3f},{:.4f},{:.4f},{:.4f}\n",
            to_string(row.one.mode), row.one.tokens, row.one.expected_tokens, row.one.bytes,
            row.measured.seconds.size(), row.seconds.least * 1e6, row.seconds.p50 * 1e6, row.seconds.p90 * 1e6,
            row.seconds.p99 * 1e6, row.seconds.p999 * 1e6, row.seconds.most * 1e6, row.gigabits(),
            row.a_request(static_cast<double>(row.measured.rounds)),
            row.sent == nullptr ? "" : fmt::format("{:.3f}", row.writes()),
            row.a_request(row.measured.cpu_seconds) * 1e6, ratio.median, ratio.low, ratio.high);
    }
    return text;
}

std::string bench_sender_json(const BenchSenderReport& report) {
    Json json{{"device", report.device}, {"reason", report.reason}, {"cases", Json::array()}};
    for (const BenchSent& sent : report.cases) {
        json["cases"].push_back({sent.requests, sent.rounds, sent.writes, sent.bytes});
    }
    return json.dump();
}

BenchSenderReport bench_sender_from_json(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        BenchSenderReport report{json.at("device"), json.at("reason"), {}};
        for (const Json& sent : json.at("cases")) {
            report.cases.push_back({sent.at(0), sent.at(1), sent.at(2), sent.at(3)});
        }
        return report;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::internal, "the sender's process told no figures (" + std::string(error.what()) +
                                             "): \"" + text.substr(0, 200) + "\"");
    }
}

}  // namespace remit::tools
