#include "tools/cli/option_table.hpp"

#include "base/memory_kind.hpp"
#include "tools/cli/bench_options.hpp"
#include "tools/cli/option_spec.hpp"
#include "tools/observe/metrics_server.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <remit/error.hpp>
#include <remit/language_worker.hpp>

namespace remit::tools {
namespace {

constexpr std::uint32_t kMostRanks = 16;
bool apply_dtype(const std::string& value, Options& options) {
    const auto dtype = dtype_from(value);
    if (!dtype || *dtype == DType::int32) return false;
    options.dtype = *dtype;
    return true;
}

/// "host", "pinned", "cuda", the last two also with ":N": two keys in one.
bool apply_memory(const std::string& value, Options& options) {
    const std::size_t colon = value.find(':');
    const std::string kind = value.substr(0, colon);
    if (!set_key(options, "memory.kind", kind, "--memory")) return false;
    if (colon == std::string::npos) return true;
    return kind != to_string(MemoryKind::host) && set_key(options, "memory.device", value.substr(colon + 1), "--memory");
}

/// "1024", "auto" or, for the ranks of a demo, "300,1024,auto".
bool apply_allocate(const std::string& value, Options& options) {
    options.allocate.clear();
    for (const std::string& part : parts_of(value)) {
        if (part == "auto") {
            options.allocate.push_back(kAutoTokens);
            continue;
        }
        const auto tokens = number_of(part);
        if (!tokens || *tokens > kMostTokens) return false;
        options.allocate.push_back(*tokens);
    }
    return true;
}

/// Neither a doctor nor a bootstrap server waits where a worker listens.
bool apply_listen(const std::string& value, Options& options) {
    options.listen = value;
    const bool worker = options.command != Command::doctor && options.command != Command::bootstrap;
    return !value.empty() && (!worker || set_key(options, "control.listen", value, "--listen"));
}

/// One to three numbers from `least` on for the fields of a rank or of sizes; those not given stay.
template <typename Fields>
bool apply_ranks(const std::string& value, std::uint32_t least, Fields& fields) {
    const std::vector<std::string> parts = parts_of(value);
    const std::array<std::uint32_t*, 3> targets{&fields.tp, &fields.dp, &fields.pp};
    if (parts.size() > targets.size()) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto number = number_of(parts[i]);
        if (!number || *number < least || *number >= least + bootstrap::kMostRanks) return false;
        *targets[i] = static_cast<std::uint32_t>(*number);
    }
    return true;
}

bool apply_engine_rank(const std::string& value, Options& options) {
    return apply_ranks(value, 0, options.engine_rank);
}

bool apply_engine_size(const std::string& value, Options& options) {
    return apply_ranks(value, 1, options.engine_size);
}

/// "fabric.mtu=1024": any key.
bool apply_set(const std::string& value, Options& options) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos) return false;
    try {
        options.settings.set(value.substr(0, equals), value.substr(equals + 1), "--set");
    } catch (const Error& error) {
        throw UsageError("option " + std::string(error.what()));
    }
    return true;
}

bool apply_log_level(const std::string& value, Options& options) {
    constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
    options.log_level = value;
    return std::find(std::begin(kLevels), std::end(kLevels), value) != std::end(kLevels);
}

void add_request_options(std::vector<OptionSpec>& table) {
    table.push_back(number("--tokens", &Options::tokens, 1, kMostTokens, "tokens of one request (2000)"));
    table.push_back(option("--allocate", "N,...",
                           "0 to " + std::to_string(kMostTokens) + ", or auto; in demo also as many values as --ranks",
                           "tokens the language worker guesses (1024); 0: it asks for the size first, auto: it "
                           "guesses from its latest requests; in demo A,B,C "
                           "names each rank's guess",
                           apply_allocate));
    table.push_back(number("--block-size", &Options::block_size, 1, 65536, "tokens a block (128)"));
    table.push_back(number("--sender-block-size", &Options::sender_block_size, 1, 65536,
                           "tokens a block of the embedding worker (--block-size)"));
    table.push_back(number("--hidden", &Options::hidden, 1, 1048576, "elements of one embedding (4096)"));
    table.push_back(
        option("--dtype", "TYPE", "bf16, fp16, fp32, fp8", "element type of the embeddings (bf16)", apply_dtype));
    table.push_back(number("--deepstack", &Options::deepstack, 0, 64, "deepstack layers (0: no such segment)"));
    table.push_back(number("--pool-blocks", &Options::pool_blocks, 1, 16777216,
                           "blocks of the language worker's pool (256); the guess is clamped to it"));
    table.push_back(number("--sender-pool-blocks", &Options::sender_pool_blocks, 1, 16777216,
                           "blocks of the embedding worker's pool (what the requests in flight need)"));
    table.push_back(number("--requests", &Options::requests, 1, 1000000, "requests to move (1)"));
    table.push_back(number("--concurrency", &Options::concurrency, 1, 4096, "requests in flight (8)"));
    auto progressive = number("--progressive", &Options::progressive, 1, 65536,
                              "steps in which the tokens of a source become ready while it is sent (1: all are there)");
    progressive.in_language = false;
    table.push_back(std::move(progressive));
    auto ranks = number("--ranks", &Options::ranks, 1, kMostRanks, "language workers that each get every request (1)");
    ranks.in_embed = false;
    table.push_back(std::move(ranks));
    auto dead_rank = setting("--on-dead-rank", "NAME", "embedding.on_dead_rank");
    dead_rank.in_language = false;
    table.push_back(std::move(dead_rank));
    auto policy = setting("--memory-policy", "NAME", "language.memory_policy");
    policy.in_embed = false;
    table.push_back(std::move(policy));
    auto checksum = setting("--checksum", "", "language.checksum");
    checksum.in_embed = false;
    table.push_back(std::move(checksum));
    table.push_back(choice("--layout", "NAME", &Options::layout,
                           {{"segments", Arrangement::segments}, {"slab", Arrangement::slab}},
                           "how the blocks lie in memory (segments)"));
    table.push_back(choice("--source", "NAME", &Options::source,
                           {{"blocks", SourceKind::blocks}, {"contiguous", SourceKind::contiguous}},
                           "what the embedding worker sends from: pool blocks or contiguous tensors (blocks)"));
    table.push_back(flag("--sink", &Options::sink, "move tokens out of the blocks as they come (the default; a bench keeps the blocks)"));
    table.push_back(flag("--keep-blocks", &Options::keep_blocks, "keep the tokens in the blocks they came in"));
}

void add_fabric_options(std::vector<OptionSpec>& table) {
    table.push_back(setting("--fabric", "NAME", "fabric.kind"));
    auto device = setting("--device", "NAME", "fabric.device");
    device.permitted = "names of RDMA devices, 8 at most; in demo an even number, or one";
    device.help = "RDMA device, or rails as in A0,A1; in demo A,B names the sender's and the receiver's, A0,A1,B0,B1 "
                  "the rails of both (picked)";
    table.push_back(std::move(device));
    table.push_back(setting("--gid-index", "N", "fabric.gid_index"));
    table.push_back(setting("--ib-port", "N", "fabric.port"));
}

void add_memory_options(std::vector<OptionSpec>& table) {
    auto memory = option("--memory", "KIND", "host, pinned, pinned:N, cuda, cuda:N, with N from 0 to 1023",
                         "memory of the pools and tensors, N: the GPU's number (host)", apply_memory);
    memory.key = "memory.kind";
    table.push_back(std::move(memory));
    table.push_back(setting("--gpu-direct", "WAY", "memory.gpu_direct"));
    table.push_back(setting("--sm-budget", "N", "memory.sm_budget"));
}

void add_address_options(std::vector<OptionSpec>& table) {
    const std::string endpoint = "tcp://ADDRESS:PORT";
    auto listen = option("--listen", "ENDPOINT", endpoint,
                         "where to hear the peer (embed: tcp://127.0.0.1:7700, language: the address that reaches it)",
                         apply_listen);
    listen.key = "control.listen";
    listen.in_demo = false;
    table.push_back(std::move(listen));
    auto connect = text("--connect", "ENDPOINT", &Options::connect, endpoint, "the embedding worker to ask");
    connect.in_demo = connect.in_embed = false;
    table.push_back(std::move(connect));
    auto advertise = setting("--advertise", "ADDRESS", "control.advertise");
    advertise.in_demo = false;
    table.push_back(std::move(advertise));
    table.push_back(setting("--insecure", "", "control.insecure"));
}

/// `demo` makes keys for itself.
void add_key_options(std::vector<OptionSpec>& table) {
    auto key = setting("--key", "FILE", "control.keys.secret_key_file");
    auto allow = setting("--allow-keys", "DIR", "control.keys.allowed_keys");
    auto server = setting("--server-key", "FILE", "control.keys.server_key_file");
    server.in_embed = false;
    for (OptionSpec* spec : {&key, &allow, &server}) {
        spec->in_demo = false;
        table.push_back(std::move(*spec));
    }
}

/// How the workers find each other where no --connect says it.
void add_directory_options(std::vector<OptionSpec>& table) {
    const std::string numbers = "TP, TP,DP or TP,DP,PP";
    auto directory = text("--bootstrap", "URL", &Options::directory, "http://HOST:PORT or etcd://HOST:PORT/PREFIX",
                          "embed: registers there; language: looks the embedding worker up there, see docs/bootstrap.md");
    auto peers = text("--peers", "FILE", &Options::peers, "a TOML file", "looks the embedding worker up in this file");
    peers.in_embed = false;
    auto rank = option("--engine-rank", "TP,DP,PP", numbers + ", each 0 to " + std::to_string(bootstrap::kMostRanks - 1),
                       "embed: the rank it registers as; language: the one it looks up (0,0,0)", apply_engine_rank);
    auto size = option("--engine-size", "TP,DP,PP", numbers + ", each 1 to " + std::to_string(bootstrap::kMostRanks),
                       "how many ranks there are (1,1,1)", apply_engine_size);
    size.in_language = false;
    for (OptionSpec* spec : {&directory, &peers, &rank, &size}) {
        spec->in_demo = false;
        table.push_back(std::move(*spec));
    }
}

/// What the bootstrap server shares with the other commands.
void mark_bootstrap_options(std::vector<OptionSpec>& table) {
    constexpr std::string_view kShared[] = {"--listen", "--insecure", "--log-level"};
    for (OptionSpec& spec : table) {
        spec.in_bootstrap = std::find(std::begin(kShared), std::end(kShared), spec.name) != std::end(kShared);
    }
}

/// Where the configuration comes from, beside the options that set one key.
void add_config_options(std::vector<OptionSpec>& table) {
    auto file = text("--config", "FILE", &Options::config_file, "a TOML file",
                     "settings of the workers, see docs/configuration.md; the environment (REMIT_...) and options win");
    auto set = option("--set", "KEY=VALUE", "a key of docs/configuration.md with its value, as fabric.mtu=1024",
                      "sets any key; may be given more than once", apply_set);
    set.repeats = true;
    for (OptionSpec* spec : {&file, &set}) {
        spec->in_config = true;
        table.push_back(std::move(*spec));
    }
    auto reference = flag("--reference", &Options::reference, "the keys as docs/configuration.md lists them");
    reference.in_demo = reference.in_embed = reference.in_language = false;
    reference.in_config = true;
    table.push_back(std::move(reference));
}

void add_file_options(std::vector<OptionSpec>& table) {
    table.push_back(text("--input", "DIR", &Options::input, "a folder",
                         "send embeddings.npy, fill_ids.npy, mrope_positions.npy of this folder; "
                         "language: compare what arrives with it"));
    auto output = text("--output", "DIR", &Options::output, "a folder", "write what arrived in the same form");
    output.in_embed = false;
    table.push_back(std::move(output));
}

void add_run_options(std::vector<OptionSpec>& table) {
    table.push_back(number("--seed", &Options::seed, 0, std::numeric_limits<std::uint64_t>::max(),
                           "seed of the payload, the same on both sides (1)"));
    table.push_back(number("--timeout", &Options::timeout_seconds, 1, 86400, "seconds one request may take (60)"));
    table.push_back(
        number("--drain", &Options::drain_seconds, 0, 86400,
               "seconds that requests in flight may still take after SIGTERM or SIGINT; a second signal ends "
               "them at once (10)"));
    table.push_back(text("--trace", "FILE", &Options::trace, "a file",
                         "what happened when, for ui.perfetto.dev and `remit trace-merge`; in demo that of all workers, beside "
                         "one of each"));
    auto json = flag("--json", &Options::json, "one JSON object as the last line of stdout, all else on stderr");
    json.in_config = true;
    table.push_back(std::move(json));
    table.push_back(option("--log-level", "LEVEL", "trace, debug, info, warn, error, off",
                           "what the library logs on stderr (warn)", apply_log_level));
    table.push_back(choice("--log-format", "NAME", &Options::log_format, {{"text", LogFormat::text}, {"json", LogFormat::json}},
                           "lines of the log for people, or a JSON object each (text)"));
    auto events = flag("--events", &Options::events, "JSON lines for the demo command");
    events.in_demo = false;
    events.hidden = true;
    table.push_back(std::move(events));
}

/// What a command shows of its workers while it runs.
void add_observing_options(std::vector<OptionSpec>& table) {
    table.push_back(option("--metrics", "ADDRESS:PORT", "a numeric address of this machine and a port, 0: any free one",
                           "serve /metrics for Prometheus and /healthz over HTTP; in demo with --fabric loopback",
                           [](const std::string& value, Options& options) {
                               options.metrics = value;
                               return http_address_from(value).has_value();
                           }));
    table.push_back(text("--status-socket", "PATH", &Options::status_socket, "a path, or none",
                         "Unix socket for `remit top` (embed, language: one in $XDG_RUNTIME_DIR/remit or /tmp/remit-UID; "
                         "demo with --fabric loopback: none)"));
}

/// What `top` has: much of it of its own.
void mark_top_options(std::vector<OptionSpec>& table) {
    constexpr std::string_view kShared[] = {"--json", "--log-level", "--log-format"};
    for (OptionSpec& spec : table) {
        spec.in_top = std::find(std::begin(kShared), std::end(kShared), spec.name) != std::end(kShared);
    }
    auto once = flag("--once", &Options::once, "show the table once, not every second");
    auto rows = number("--rows", &Options::rows, 1, 65536, "rooms and sessions shown of each worker, the oldest (20)");
    for (OptionSpec* spec : {&once, &rows}) {
        spec->in_demo = spec->in_embed = spec->in_language = false;
        spec->in_top = true;
        table.push_back(std::move(*spec));
    }
}

/// What `bench` shares with the other commands.
void mark_bench_options(std::vector<OptionSpec>& table) {
    constexpr std::string_view kShared[] = {
        "--block-size",  "--sender-block-size", "--hidden",  "--dtype",      "--deepstack",
        "--pool-blocks", "--concurrency",       "--layout",  "--sink",       "--fabric",
        "--device",      "--gid-index",         "--ib-port", "--listen",     "--connect",
        "--advertise",   "--insecure",          "--key",     "--allow-keys", "--server-key",
        "--seed",        "--timeout",           "--json",    "--log-level",  "--events",
        "--config",      "--set",               "--log-format"};
    for (OptionSpec& spec : table) {
        spec.in_bench = std::find(std::begin(kShared), std::end(kShared), spec.name) != std::end(kShared);
        if (spec.name == "--device") spec.letter = 'd';
        if (spec.name == "--gid-index") spec.letter = 'x';
        if (spec.name == "--ib-port") spec.letter = 'i';
    }
}

/// What `doctor` shares with the other commands.
void mark_doctor_options(std::vector<OptionSpec>& table) {
    constexpr std::string_view kShared[] = {"--device", "--gid-index", "--ib-port", "--advertise", "--listen",
                                            "--insecure", "--timeout", "--json", "--log-level", "--log-format"};
    for (OptionSpec& spec : table) {
        spec.in_doctor = std::find(std::begin(kShared), std::end(kShared), spec.name) != std::end(kShared);
    }
    auto peer = text("--peer", "HOST", &Options::peer, "HOST, HOST:PORT or [ADDRESS]:PORT",
                     "another machine, on which `remit doctor --listen` runs: what each sends to the other is judged too");
    peer.in_demo = peer.in_embed = peer.in_language = false;
    peer.in_doctor = true;
    table.push_back(std::move(peer));
}

std::vector<OptionSpec> make_table() {
    std::vector<OptionSpec> table;
    add_request_options(table);
    add_fabric_options(table);
    add_memory_options(table);
    add_address_options(table);
    add_key_options(table);
    add_config_options(table);
    add_directory_options(table);
    add_file_options(table);
    add_run_options(table);
    add_observing_options(table);
    mark_bench_options(table);
    mark_doctor_options(table);
    mark_bootstrap_options(table);
    mark_top_options(table);
    add_bench_options(table);
    return table;
}

}  // namespace

const std::vector<OptionSpec>& option_table() {
    static const std::vector<OptionSpec> table = make_table();
    return table;
}

std::string_view to_string(Command command) noexcept {
    switch (command) {
        case Command::demo: return "demo";
        case Command::embed: return "embed";
        case Command::language: return "language";
        case Command::bench: return "bench";
        case Command::keygen: return "keygen";
        case Command::doctor: return "doctor";
        case Command::trace_merge: return "trace-merge";
        case Command::config: return "config";
        case Command::bootstrap: return "bootstrap";
        case Command::top: return "top";
    }
    return "?";
}

}  // namespace remit::tools
