#include "tools/cli/bench_options.hpp"

#include <string_view>

namespace remit::tools {
namespace {

/// "64K", "16M", "1G", or in tokens "64t".
std::optional<BenchSize> bench_size_of(std::string text) {
    constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 40;
    constexpr std::string_view kUnits = "KMG";
    const char last = text.empty() ? '0' : text.back();
    const std::size_t unit = kUnits.find(last);
    if (last == 't' || unit != std::string_view::npos) text.pop_back();
    const auto value = number_of(text);
    if (!value || *value == 0) return std::nullopt;
    if (last == 't') return *value <= kMostTokens ? std::optional(BenchSize{0, *value}) : std::nullopt;
    const unsigned shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(unit) + 1);
    if (*value > kMostBytes >> shift) return std::nullopt;
    return BenchSize{*value << shift, 0};
}

bool apply_sizes(const std::string& value, Options& options) {
    options.sizes.clear();
    for (const std::string& part : parts_of(value)) {
        const auto size = bench_size_of(part);
        if (!size) return false;
        options.sizes.push_back(*size);
    }
    return true;
}

std::optional<BenchMode> bench_mode_of(const std::string& text) {
    if (text == "one-shot") return BenchMode{BenchMode::Kind::one_shot, 1};
    if (text == "size-first") return BenchMode{BenchMode::Kind::size_first, 1};
    const std::size_t slash = text.find('/');
    const std::string name = text.substr(0, slash);
    if (slash == std::string::npos || (name != "resume" && name != "serial")) return std::nullopt;
    const auto divisor = number_of(text.substr(slash + 1));
    if (!divisor || *divisor < 2 || *divisor > 1000) return std::nullopt;
    return BenchMode{name == "resume" ? BenchMode::Kind::resume : BenchMode::Kind::serial, *divisor};
}

bool apply_modes(const std::string& value, Options& options) {
    options.modes.clear();
    for (const std::string& part : parts_of(value)) {
        const auto mode = bench_mode_of(part);
        if (!mode) return false;
        options.modes.push_back(*mode);
    }
    return true;
}

}  // namespace

void add_bench_options(std::vector<OptionSpec>& table) {
    std::vector<OptionSpec> own;
    const auto add = [&own](OptionSpec spec, char letter = 0) {
        spec.in_demo = spec.in_embed = spec.in_language = false;
        spec.in_bench = true;
        spec.letter = letter;
        own.push_back(std::move(spec));
    };
    add(option("--sizes", "LIST", "numbers of bytes as 4096, 64K, 16M, 1G, or of tokens as 64t, separated by commas",
               "lengths of requests (64K,1M,16M,64M)", apply_sizes),
        's');
    add(option("--modes", "LIST", "one-shot, resume/N, serial/N, size-first, separated by commas; N is 2 to 1000",
               "how requests get their memory; times are told as ratios to the first, and a mode named twice is "
               "compared with itself (one-shot,resume/2,serial/2,size-first)",
               apply_modes));
    add(setting("--qps", "N", "fabric.queue_pairs"), 'q');
    add(number("--iterations", &Options::iterations, 1, 100000000, "timed requests of each size and mode (100)"), 'n');
    add(number("--warmup", &Options::warmup, 0, 100000000, "requests before them (5)"));
    add(number("--duration", &Options::duration_seconds, 1, 86400, "seconds for each size instead of --iterations"),
        'D');
    add(setting("--depth", "N", "fabric.send_queue_depth"));
    add(setting("--chunk", "SIZE", "embedding.chunk_bytes"));
    add(setting("--regions", "N", "embedding.send_regions"));
    add(setting("--in-flight", "N", "embedding.chunks_in_flight"));
    add(setting("--in-place", "SIZE", "embedding.in_place_bytes"));
    add(setting("--gather", "NAME", "embedding.gather"));
    add(setting("--busy-poll", "", "fabric.busy_poll"));
    add(flag("--no-verify", &Options::no_verify, "do not check a further request of each case after the timed ones"));
    add(text("--csv", "FILE", &Options::csv, "a file", "write the table there as comma-separated values"));
    for (OptionSpec& spec : own) table.push_back(std::move(spec));
}

}  // namespace remit::tools
