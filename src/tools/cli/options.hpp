#pragma once

#include <remit/config.hpp>
#include <remit/layout.hpp>
#include <remit/options.hpp>
#include <remit/types.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bootstrap/peer.hpp"

namespace remit::tools {

enum class Command : std::uint8_t { demo, embed, language, bench, keygen, doctor, trace_merge, config, bootstrap, top };

[[nodiscard]] std::string_view to_string(Command command) noexcept;

enum class SourceKind : std::uint8_t { blocks, contiguous };

enum class LogFormat : std::uint8_t { text, json };

/// Length of the requests of a bench, in one of two units; the other is 0.
struct BenchSize {
    std::uint64_t bytes = 0;
    std::uint64_t tokens = 0;
};

/// How a request of a bench gets its memory.
struct BenchMode {
    enum class Kind : std::uint8_t {
        one_shot,    ///< the guess is right
        resume,      ///< too low: 1/divisor of the truth; the next round is offered while the first is on the wire
        serial,      ///< the same, but the next round is offered when the first has arrived
        size_first,  ///< no guess: the length is asked for, then one round
    };
    Kind kind = Kind::one_shot;
    std::uint64_t divisor = 1;
};

/// A command line that is not permitted. The message names option, value and what is permitted.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    UsageError(const std::string& option, const std::string& value, const std::string& permitted)
        : std::runtime_error("option " + option + ": value \"" + value + "\"; permitted: " + permitted) {}
};

/// What a command line says, one field an option.
struct Options {
    Command command = Command::demo;

    std::uint64_t tokens = 2000;
    std::uint32_t ranks = 1;                    ///< language workers that each get every request
    /// What they guess: one value for all, or one a rank; nothing: the worker guesses from its latest requests.
    std::vector<std::optional<std::uint64_t>> allocate{1024};
    std::uint32_t block_size = 128;
    std::optional<std::uint32_t> sender_block_size;
    std::uint32_t hidden = 4096;
    DType dtype = DType::bf16;
    std::uint32_t deepstack = 0;
    std::uint32_t pool_blocks = 256;
    std::optional<std::uint32_t> sender_pool_blocks;
    std::uint32_t requests = 1;
    std::uint32_t concurrency = 8;
    std::uint32_t progressive = 1;  ///< steps in which a source becomes ready
    Arrangement layout = Arrangement::segments;
    SourceKind source = SourceKind::blocks;
    bool sink = false;
    bool keep_blocks = false;

    /// Options of the workers, each from the command line, else the environment, else --config, else the defaults.
    ConfigLoader settings;
    std::string config_file;
    bool reference = false;  ///< config: what keys there are, for docs/configuration.md

    // Of `settings`, in the form in which commands use it: see read_settings().
    std::vector<std::string> devices;
    std::string listen;  ///< empty: not said
    std::string connect;
    std::string advertise;
    std::string key;
    std::string server_key;
    std::string allow_keys;
    std::string key_folder = ".";  ///< where keygen writes
    std::string peer;              ///< whose doctor to ask; empty: none

    std::string directory;         ///< in which workers find each other; empty: none
    std::string peers;             ///< file that lists embedding workers; empty: none
    bootstrap::RankId engine_rank;
    bootstrap::RankSizes engine_size;
    std::string found_key;         ///< public key of the embedding worker that was looked up

    std::string input;
    std::string output;

    std::string trace;                      ///< file of the worker's trace, in demo of all workers' together; empty: none is kept
    std::vector<std::string> trace_files;   ///< to merge
    std::string trace_output = "merged.trace.json";

    // bench
    std::vector<BenchSize> sizes{{64u << 10, 0}, {1u << 20, 0}, {16u << 20, 0}, {64u << 20, 0}};
    std::vector<BenchMode> modes{{BenchMode::Kind::one_shot, 1},
                                 {BenchMode::Kind::resume, 2},
                                 {BenchMode::Kind::serial, 2},
                                 {BenchMode::Kind::size_first, 1}};
    std::uint32_t iterations = 100;
    std::uint32_t warmup = 5;
    std::uint32_t duration_seconds = 0;  ///< of each size; 0: by iterations
    bool no_verify = false;
    std::string csv;

    std::uint64_t seed = 1;
    std::uint32_t timeout_seconds = 60;
    std::uint32_t drain_seconds = 10;
    std::string metrics;  ///< where to serve metrics over HTTP; empty: nowhere
    std::string status_socket;  ///< where `top` looks; "none": nowhere; empty: embed and language choose
    // top
    std::string socket;  ///< the one to look at; empty: all of this user's
    bool once = false;
    std::uint32_t rows = 20;
    bool json = false;
    bool events = false;  ///< this is a child of `demo`: tell it what happens, a JSON object a line
    std::string log_level = "warn";
    LogFormat log_format = LogFormat::text;

    /// The options in the order and form in which they were given; a flag has an empty value.
    std::vector<std::pair<std::string, std::string>> given;

    [[nodiscard]] const Config& config() const noexcept { return settings.config(); }
    [[nodiscard]] const FabricOptions& fabric() const noexcept { return config().embedding.fabric; }
    [[nodiscard]] const MemoryOptions& memory() const noexcept { return config().embedding.memory; }

    [[nodiscard]] bool was_given(std::string_view name) const {
        return std::any_of(given.begin(), given.end(), [&](const auto& option) { return option.first == name; });
    }
};

}  // namespace remit::tools
