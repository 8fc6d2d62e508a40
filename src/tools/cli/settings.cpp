#include "tools/cli/settings.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "tools/cli/option_spec.hpp"

namespace remit::tools {
namespace {

constexpr std::size_t kMostRails = 8;

/// What --timeout is for in the commands that wait for a peer started by hand.
constexpr std::array<const char*, 6> kRequestDeadlines{"timing.room_deadline",     "timing.park_deadline",
                                                       "timing.register_deadline", "timing.round_deadline",
                                                       "timing.resume_deadline",   "timing.memory_deadline"};

bool measures(Command command) {
    return command == Command::bench || command == Command::doctor;
}

bool reads_files(Command command) {
    return command != Command::keygen && command != Command::doctor && command != Command::trace_merge &&
           command != Command::bootstrap;
}

/// A worker whose peer is elsewhere.
bool is_by_itself(const Options& options) {
    const bool half = options.command == Command::embed || options.command == Command::language ||
                      options.command == Command::config ||
                      (options.command == Command::bench && !(options.listen.empty() && options.connect.empty()));
    return half && !options.events;
}

/// Whether a value of the control channel holds for this command.
bool holds(const Options& options, const std::string& key) {
    return is_by_itself(options) || options.settings.source_of(key) == ConfigSource::command_line;
}

void take_timeout(Options& options) {
    if (options.was_given("--timeout")) {
        for (const char* key : kRequestDeadlines) {
            if (options.settings.source_of(key) == ConfigSource::command_line) continue;  // by --set, which names it
            options.settings.set(key, std::to_string(options.timeout_seconds) + "s", "--timeout");
            if (measures(options.command)) break;  // the others are out of the way of what is measured
        }
    } else if (options.settings.source_of(kRequestDeadlines[0]) != ConfigSource::defaults) {
        const auto deadline = options.config().language.timing.room_deadline;
        options.timeout_seconds = static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(deadline).count());
    }
}

/// "rxe_a0" or, of several rails, "rxe_a0,rxe_a1"; for the two ends of a demo "rxe_a0,rxe_b0" or, rails of one end
/// before those of the other, "rxe_a0,rxe_a1,rxe_b0,rxe_b1".
bool are_devices(const std::vector<std::string>& names, Command command) {
    for (const std::string& name : names) {
        // A name is looked up as a folder of sysfs: it must not lead anywhere else.
        if (name.empty() || name.size() > 63 || name.find('/') != std::string::npos || name.front() == '.') return false;
    }
    const bool both_ends = command == Command::demo || command == Command::bench;
    if (!both_ends) return names.size() <= kMostRails;
    return names.size() <= 1 || (names.size() % 2 == 0 && names.size() <= 2 * kMostRails);
}

void take_devices(Options& options) {
    const std::string& names = options.fabric().device;
    options.devices.clear();
    if (!names.empty()) options.devices = parts_of(names);
    if (are_devices(options.devices, options.command)) return;
    throw UsageError(speaker_of(options, "fabric.device", "--device") + ": value \"" + names +
                     "\"; permitted: names of RDMA devices, 8 at most; in demo an even number, or one");
}

void take_addresses_and_keys(Options& options) {
    const ControlOptions& control = options.config().language.control;
    const bool said = options.settings.source_of("control.listen") != ConfigSource::defaults;
    const bool half = options.command == Command::embed || options.command == Command::language;
    if (half && said && holds(options, "control.listen")) options.listen = control.listen;
    const auto take = [&](std::string& target, const std::string& key, const std::string& value) {
        target = holds(options, key) ? value : "";
    };
    take(options.advertise, "control.advertise", control.advertise);
    take(options.key, "control.keys.secret_key_file", control.keys.secret_key_file);
    take(options.server_key, "control.keys.server_key_file", control.keys.server_key_file);
    take(options.allow_keys, "control.keys.allowed_keys", control.keys.allowed_keys);
    if (options.trace.empty()) take(options.trace, "trace.file", options.config().language.trace.file);
    // One file may serve both workers of a machine; the embedding worker asks nobody.
    if (options.command == Command::embed) options.server_key.clear();
}

}  // namespace

Config defaults_of(Command command) {
    Config config;
    const std::chrono::milliseconds minute = std::chrono::minutes(1);
    const std::chrono::milliseconds day = std::chrono::hours(24);
    if (measures(command)) {
        TimingOptions& timing = config.embedding.timing;
        timing.room_deadline = timing.park_deadline = timing.register_deadline = timing.init_deadline = day;
        timing.round_deadline = timing.resume_deadline = timing.memory_deadline = day;
        config.language.timing.room_deadline = minute;
    } else if (command != Command::config) {
        // A half waits for the other to be started by hand, so it parks as long as a request may take.
        for (TimingOptions* timing : {&config.embedding.timing, &config.language.timing}) {
            timing->room_deadline = timing->park_deadline = timing->register_deadline = minute;
            timing->round_deadline = timing->resume_deadline = timing->memory_deadline = minute;
        }
    }
    const char* const network = measures(command) ? "bench" : "demo";
    if (command == Command::config) return config;
    config.embedding.fabric.loopback_network = config.language.fabric.loopback_network = network;
    return config;
}

void read_settings(Options& options) {
    if (options.command == Command::keygen || options.command == Command::trace_merge) return;
    if (reads_files(options.command)) {
        if (!options.config_file.empty()) options.settings.read_file(options.config_file);
        options.settings.read_environment();
    }
    take_timeout(options);
    take_devices(options);
    take_addresses_and_keys(options);
}

std::string speaker_of(const Options& options, const std::string& key, const std::string& option) {
    for (const ConfigValue& value : options.settings.values()) {
        if (value.key != key) continue;
        const bool elsewhere = value.source == ConfigSource::file || value.source == ConfigSource::environment;
        if (elsewhere) return value.where + ": " + key;
    }
    return "option " + option;
}

ControlOptions control_of(const Options& options, const std::string& listen) {
    ControlOptions control = options.config().language.control;
    control.listen = listen;
    control.advertise = options.advertise;
    control.keys = {options.key, options.server_key, options.allow_keys};
    return control;
}

}  // namespace remit::tools
