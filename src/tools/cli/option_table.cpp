#include "tools/cli/option_table.hpp"

#include "tools/cli/bench_options.hpp"
#include "tools/cli/option_spec.hpp"

#include <algorithm>
#include <limits>

#include <remit/language_worker.hpp>

namespace remit::tools {
namespace {

constexpr std::uint32_t kMostRanks = 16;
constexpr std::size_t kMostRails = 8;
const Choices<GpuDirect> kGpuDirect{{"auto", GpuDirect::automatic},
                                    {"dmabuf", GpuDirect::dmabuf},
                                    {"peermem", GpuDirect::peermem},
                                    {"staged", GpuDirect::staged}};
bool apply_dtype(const std::string& value, Options& options) {
    const auto dtype = dtype_from(value);
    if (!dtype || *dtype == DType::int32) return false;
    options.dtype = *dtype;
    return true;
}

/// "host", "pinned", "cuda", the last two also with ":N".
bool apply_memory(const std::string& value, Options& options) {
    const std::size_t colon = value.find(':');
    const std::string kind = value.substr(0, colon);
    if (!choose(options.memory.kind, kind,
                {{"host", MemoryKind::host}, {"pinned", MemoryKind::pinned}, {"cuda", MemoryKind::cuda}})) {
        return false;
    }
    if (colon == std::string::npos) return true;
    const auto device = number_of(value.substr(colon + 1));
    if (!device || *device > 1023 || kind == "host") return false;
    options.memory.device = static_cast<int>(*device);
    return true;
}

bool apply_sm_budget(const std::string& value, Options& options) {
    const auto blocks = number_of(value);
    if (!blocks || *blocks == 0 || *blocks > 65536) return false;
    options.memory.sm_budget = static_cast<std::uint32_t>(*blocks);
    return true;
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

/// "rxe_a0" or, of several rails, "rxe_a0,rxe_a1"; for the two ends of a demo "rxe_a0,rxe_b0" or, rails of one end
/// before those of the other, "rxe_a0,rxe_a1,rxe_b0,rxe_b1".
bool apply_device(const std::string& value, Options& options) {
    options.devices = parts_of(value);
    for (const std::string& name : options.devices) {
        // A name is looked up as a folder of sysfs: it must not lead anywhere else.
        if (name.empty() || name.size() > 63 || name.find('/') != std::string::npos || name.front() == '.')
            return false;
    }
    const bool both_ends = options.command == Command::demo || options.command == Command::bench;
    const std::size_t count = options.devices.size();
    if (!both_ends) return count <= kMostRails;
    return count <= 1 || (count % 2 == 0 && count <= 2 * kMostRails);
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
    auto dead_rank = choice("--on-dead-rank", "NAME", &Options::on_dead_rank,
                            {{"fail", OnDeadRank::fail}, {"continue", OnDeadRank::go_on}},
                            "what the failure of one rank means for the others: they fail too, or go on (fail)");
    dead_rank.in_language = false;
    table.push_back(std::move(dead_rank));
    auto policy = choice("--memory-policy", "NAME", &Options::memory_policy,
                         {{"shrink", MemoryPolicy::shrink}, {"wait", MemoryPolicy::wait}, {"fail", MemoryPolicy::fail}},
                         "short of blocks a room takes what there is and resumes again, waits, or fails (shrink)");
    policy.in_embed = false;
    table.push_back(std::move(policy));
    auto checksum =
        flag("--checksum", &Options::checksum, "compare each segment's CRC32C with the sender's before Success");
    checksum.in_embed = false;
    table.push_back(std::move(checksum));
    table.push_back(choice("--layout", "NAME", &Options::layout,
                           {{"segments", Arrangement::segments}, {"slab", Arrangement::slab}},
                           "how the blocks lie in memory (segments)"));
    table.push_back(choice("--source", "NAME", &Options::source,
                           {{"blocks", SourceKind::blocks}, {"contiguous", SourceKind::contiguous}},
                           "what the embedding worker sends from: pool blocks or contiguous tensors (blocks)"));
    table.push_back(flag("--sink", &Options::sink, "move tokens out of the blocks as they come (the default)"));
    table.push_back(flag("--keep-blocks", &Options::keep_blocks, "keep the tokens in the blocks they came in"));
}

void add_fabric_options(std::vector<OptionSpec>& table) {
    table.push_back(choice("--fabric", "NAME", &Options::fabric,
                           {{"verbs", FabricKind::verbs}, {"loopback", FabricKind::loopback}},
                           "verbs: an RDMA device; loopback: inside one process, demo only (verbs)"));
    table.push_back(
        option("--device", "NAME", "names of RDMA devices, 8 at most; in demo an even number, or one",
               "RDMA device, or rails as in A0,A1; in demo A,B names the sender's and the receiver's, A0,A1,B0,B1 "
               "the rails of both (picked)",
               apply_device));
    table.push_back(number("--gid-index", &Options::gid_index, 0, 255, "GID to use (picked)"));
    table.push_back(number("--ib-port", &Options::ib_port, 0, 255, "RDMA port; 0: the first active (0)"));
}

void add_memory_options(std::vector<OptionSpec>& table) {
    table.push_back(option("--memory", "KIND", "host, pinned, pinned:N, cuda, cuda:N, with N from 0 to 1023",
                           "memory of the pools and tensors, N: the GPU's number (host)", apply_memory));
    auto gpu_direct =
        option("--gpu-direct", "WAY", names_of(kGpuDirect), "how the RDMA device reaches memory of a GPU (auto)",
               [](const std::string& value, Options& options) {
                   return choose(options.memory.gpu_direct, value, kGpuDirect);
               });
    table.push_back(std::move(gpu_direct));
    table.push_back(option("--sm-budget", "N", "1 to 65536",
                           "thread blocks that a copy kernel has at most (8 for each NIC)", apply_sm_budget));
}

void add_address_options(std::vector<OptionSpec>& table) {
    const std::string endpoint = "tcp://ADDRESS:PORT";
    auto listen = text("--listen", "ENDPOINT", &Options::listen, endpoint,
                       "where to hear the peer (embed: tcp://127.0.0.1:7700, language: the address that reaches it)");
    listen.in_demo = false;
    table.push_back(std::move(listen));
    auto connect = text("--connect", "ENDPOINT", &Options::connect, endpoint, "the embedding worker to ask");
    connect.in_demo = connect.in_embed = false;
    table.push_back(std::move(connect));
    auto advertise = text("--advertise", "ADDRESS", &Options::advertise, "a numeric address",
                          "address told to the peer where --listen is a wildcard");
    advertise.in_demo = false;
    table.push_back(std::move(advertise));
    table.push_back(flag("--insecure", &Options::insecure, "permit an address off loopback without keys"));
}

/// `demo` makes keys for itself.
void add_key_options(std::vector<OptionSpec>& table) {
    auto key = text("--key", "FILE", &Options::key, "a file", "own secret key, by `remit keygen`; turns encryption on");
    auto allow = text("--allow-keys", "DIR", &Options::allow_keys, "a folder",
                      "the public keys (*.pub) of peers that may connect");
    auto server = text("--server-key", "FILE", &Options::server_key, "a file", "public key of the embedding worker");
    server.in_embed = false;
    for (OptionSpec* spec : {&key, &allow, &server}) {
        spec->in_demo = false;
        table.push_back(std::move(*spec));
    }
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
    table.push_back(flag("--json", &Options::json, "one JSON object as the last line of stdout, all else on stderr"));
    table.push_back(option("--log-level", "LEVEL", "trace, debug, info, warn, error, off",
                           "what the library logs on stderr (warn)", apply_log_level));
    auto events = flag("--events", &Options::events, "JSON lines for the demo command");
    events.in_demo = false;
    events.hidden = true;
    table.push_back(std::move(events));
}

/// What `bench` shares with the other commands.
void mark_bench_options(std::vector<OptionSpec>& table) {
    constexpr std::string_view kShared[] = {
        "--block-size",  "--sender-block-size", "--hidden",  "--dtype",      "--deepstack",
        "--pool-blocks", "--concurrency",       "--layout",  "--sink",       "--fabric",
        "--device",      "--gid-index",         "--ib-port", "--listen",     "--connect",
        "--advertise",   "--insecure",          "--key",     "--allow-keys", "--server-key",
        "--seed",        "--timeout",           "--json",    "--log-level",  "--events"};
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
                                            "--insecure", "--timeout", "--json", "--log-level"};
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
    add_file_options(table);
    add_run_options(table);
    mark_bench_options(table);
    mark_doctor_options(table);
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
    }
    return "?";
}

}  // namespace remit::tools
