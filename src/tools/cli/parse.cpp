#include "tools/cli/parse.hpp"

#include <CLI/CLI.hpp>

#include <array>

#include "tools/cli/option_table.hpp"
#include "tools/cli/settings.hpp"

namespace remit::tools {
namespace {

struct CommandRow {
    Command command;
    const char* help;
};

constexpr std::array<CommandRow, 10> kCommands{{
    {Command::demo, "both workers on this machine: move requests, verify every byte, show when what happened"},
    {Command::embed, "the embedding worker alone: sends to whoever runs `remit language`"},
    {Command::language, "the language worker alone: asks `remit embed` on another machine"},
    {Command::bench, "time and goodput of requests: both workers on this machine, or --listen on one and --connect on another"},
    {Command::keygen, "a key pair for --key and --allow-keys"},
    {Command::doctor, "why RDMA does not work, or works slowly, on this machine: what was found, why it matters, what to do"},
    {Command::trace_merge, "traces of several workers on one time axis, with arrows for control messages, for ui.perfetto.dev"},
    {Command::bootstrap, "a server of /route, at which embedding workers register and language workers look them up"},
    {Command::config, "the settings of workers as a file, the environment and options make them, and where each is from"},
    {Command::top, "a live table of the workers of `remit embed` and `remit language` on this machine: pools, sessions, rooms"},
}};

std::string command_names() {
    std::string names;
    for (const CommandRow& row : kCommands) names += (names.empty() ? "" : ", ") + std::string(to_string(row.command));
    return names;
}

std::string option_names(Command command) {
    if (command == Command::trace_merge) return "-o OUT";
    std::string names;
    for (const OptionSpec& spec : option_table()) {
        if (spec.belongs_to(command) && !spec.hidden) names += (names.empty() ? "" : ", ") + spec.name;
    }
    return names;
}

void add_option(CLI::App& app, const OptionSpec& spec, Options& options) {
    const auto take = [&spec, &options](const std::string& value) {
        if (!spec.apply(value, options)) throw UsageError(spec.name, value, spec.permitted);
        options.given.emplace_back(spec.name, value);
    };
    CLI::Option* added = nullptr;
    const bool short_form = spec.letter != 0 && options.command == Command::bench;
    const std::string names = (short_form ? std::string{'-', spec.letter, ','} : "") + spec.name;
    if (spec.repeats) {
        const auto take_each = [take](const std::vector<std::string>& values) {
            for (const std::string& value : values) take(value);
        };
        added = app.add_option_function<std::vector<std::string>>(names, take_each, spec.help + "; " + spec.permitted);
        added->type_name(spec.value)->type_size(1)->expected(1)->take_all();
    } else if (spec.value.empty()) {
        added = app.add_flag_callback(
            names, [take] { take(""); }, spec.help);
    } else {
        added = app.add_option_function<std::string>(names, take, spec.help + "; " + spec.permitted);
        added->type_name(spec.value);
    }
    if (spec.hidden) added->group("");
}

std::vector<CLI::App*> build(CLI::App& app, std::array<Options, kCommands.size()>& options) {
    std::vector<CLI::App*> commands;
    app.set_version_flag("--version", std::string("remit ") + REMIT_VERSION);
    app.require_subcommand(0, 1);
    app.allow_extras();
    for (std::size_t i = 0; i < kCommands.size(); ++i) {
        const CommandRow& row = kCommands[i];
        CLI::App* const command = app.add_subcommand(std::string(to_string(row.command)), row.help);
        command->allow_extras();  // so that we word the refusal
        options[i].command = row.command;
        options[i].settings = ConfigLoader(defaults_of(row.command));
        for (const OptionSpec& spec : option_table()) {
            if (spec.belongs_to(row.command)) add_option(*command, spec, options[i]);
        }
        if (row.command == Command::keygen) {
            command->add_option("DIR", options[i].key_folder, "where remit.key and remit.pub are written (.)");
        }
        if (row.command == Command::trace_merge) {
            command->add_option("FILE", options[i].trace_files, "traces that --trace has written, two or more");
            command->add_option("-o,--output", options[i].trace_output, "where to write (merged.trace.json)");
        }
        if (row.command == Command::top) {
            command->add_option("SOCKET", options[i].socket, "the --status-socket to look at (all of this user's)");
        }
        commands.push_back(command);
    }
    return commands;
}

/// CLI11 names the option but not what it permits.
[[noreturn]] void reword(const CLI::ParseError& error, const std::vector<std::string>& arguments) {
    const std::string what = error.what();
    const OptionSpec* found = nullptr;
    for (const OptionSpec& spec : option_table()) {
        const std::size_t at = what.find(spec.name);
        if (at == std::string::npos) continue;
        if (found == nullptr || spec.name.size() > found->name.size()) found = &spec;
    }
    if (found == nullptr) throw UsageError(what + "; see remit --help");
    const auto times = std::count_if(arguments.begin(), arguments.end(), [&](const std::string& argument) {
        return argument == found->name || argument.rfind(found->name + "=", 0) == 0;
    });
    const std::string why = times > 1              ? "given " + std::to_string(times) + " times; permitted: once, "
                            : found->value.empty() ? "takes no value; permitted: "
                                                   : "the value is missing; permitted: ";
    throw UsageError("option " + found->name + ": " + why + found->permitted);
}

void refuse_extras(const CLI::App& app, Command command) {
    const std::vector<std::string> extras = app.remaining();
    if (extras.empty()) return;
    const std::string name = extras.front().substr(0, extras.front().find('='));
    const std::string value = extras.size() > 1 ? " with value \"" + extras[1] + "\"" : "";
    throw UsageError("unknown option \"" + name.substr(0, 80) + "\"" + value.substr(0, 100) + "; permitted for " +
                     std::string(to_string(command)) + ": " + option_names(command));
}

[[noreturn]] void refuse_no_command(const std::vector<std::string>& arguments) {
    const std::string first = arguments.empty() ? "" : arguments.front().substr(0, 80);
    throw UsageError("command \"" + first + "\"; permitted: " + command_names() + " (see remit --help)");
}

/// CLI11 would take "--json=false" for a wish to do without.
void refuse_values_of_flags(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
        const std::size_t equals = argument.find('=');
        if (equals == std::string::npos) continue;
        for (const OptionSpec& spec : option_table()) {
            if (!spec.value.empty() || argument.compare(0, equals, spec.name) != 0) continue;
            throw UsageError(spec.name, argument.substr(equals + 1, 80), spec.permitted);
        }
    }
}

void check_trace_files(const Options& options) {
    if (options.command != Command::trace_merge || options.trace_files.size() >= 2) return;
    throw UsageError("trace-merge: " + std::to_string(options.trace_files.size()) +
                     " files; permitted: two or more traces, as in remit trace-merge A B -o OUT");
}

/// One guess for all, or one for each language worker of this command.
void check_ranks(const Options& options) {
    const bool demo = options.command == Command::demo;
    if (options.allocate.size() > 1 && options.allocate.size() != (demo ? options.ranks : 1)) {
        throw UsageError("option --allocate: " + std::to_string(options.allocate.size()) + " values" +
                         (demo ? ", but --ranks is " + std::to_string(options.ranks) : "") + "; permitted: one" +
                         (demo ? " for all ranks, or one a rank" : ""));
    }
    if (demo && options.ranks > 1 && !options.output.empty()) {
        throw UsageError("option --output: given with --ranks " + std::to_string(options.ranks) +
                         ", which would each write the same files; permitted with --output: --ranks 1");
    }
}

/// What would have no effect is no option.
void check_memory_options(const Options& options) {
    if (options.was_given("--gpu-direct") && options.memory().kind != MemoryKind::cuda) {
        throw UsageError("option --gpu-direct: has no effect without memory of a GPU; permitted: with --memory cuda");
    }
    if (options.was_given("--sm-budget") && options.memory().kind == MemoryKind::host) {
        throw UsageError(
            "option --sm-budget: has no effect where the CPU copies; permitted: with --memory cuda or pinned");
    }
}

void check_bench_memory(const Options& options) {
    if (options.command != Command::bench || options.memory().kind == MemoryKind::host) return;
    throw UsageError(speaker_of(options, "memory.kind", "--set") + ": a bench fills and reads its memory by the CPU; "
                     "permitted for bench: host");
}

/// A language worker asks one embedding worker, named or looked up; a rank is one of as many as there are.
void check_directory(const Options& options) {
    const int named = !options.connect.empty() + !options.directory.empty() + !options.peers.empty();
    if (options.command == Command::language && named == 0) {
        throw UsageError("option --connect: no value given; permitted: tcp://ADDRESS:PORT of the embedding worker, or "
                         "--bootstrap or --peers, which find it");
    }
    if (options.command == Command::language && named > 1) {
        throw UsageError("options --connect, --bootstrap and --peers exclude each other; permitted: one of them");
    }
    const bootstrap::RankId& rank = options.engine_rank;
    const bootstrap::RankSizes& size = options.engine_size;
    const bool within = rank.tp < size.tp && rank.dp < size.dp && rank.pp < size.pp;
    if (options.command == Command::embed && !within) {
        throw UsageError("option --engine-rank: value \"" + bootstrap::to_string(rank) + "\"; permitted: less than "
                         "--engine-size in each part");
    }
    for (const char* name : {"--engine-rank", "--engine-size"}) {
        if (!options.was_given(name) || !(options.directory.empty() && options.peers.empty())) continue;
        throw UsageError(std::string("option ") + name + ": has no effect without --bootstrap; permitted: with it" +
                         (options.command == Command::language ? " or --peers" : ""));
    }
}

/// The halves of a demo over RDMA are processes of their own.
void check_observing(const Options& options) {
    const bool apart = options.command == Command::demo && options.fabric().kind != FabricKind::loopback;
    for (const char* name : {"--metrics", "--status-socket"}) {
        if (!apart || !options.was_given(name)) continue;
        throw UsageError(std::string("option ") + name +
                         ": this demo's workers are processes of their own; permitted in demo with --fabric loopback, else "
                         "with embed and language, each with one of its own");
    }
}

/// Options that are each permitted and contradict each other, or that a command cannot do without.
void check_together(const Options& options) {
    if (options.sink && options.keep_blocks) {
        throw UsageError("options --sink and --keep-blocks exclude each other; permitted: one of them");
    }
    const bool half = options.command == Command::embed || options.command == Command::language ||
                      (options.command == Command::bench && !(options.listen.empty() && options.connect.empty()));
    if (options.fabric().kind == FabricKind::loopback && half) {
        throw UsageError(speaker_of(options, "fabric.kind", "--fabric") + ": value \"loopback\" joins two workers of one process; permitted for " +
                         std::string(to_string(options.command)) + ": verbs");
    }
    if (options.command == Command::bench && !half && !options.key.empty()) {
        throw UsageError("option --key: both ends of this bench are on this machine; permitted with --listen or --connect");
    }
    const bool embeds =
        options.command == Command::embed || (options.command == Command::bench && !options.listen.empty());
    if (options.key.empty() && !(options.server_key.empty() && options.allow_keys.empty())) {
        throw UsageError(std::string("option --key: no value given, but ") +
                         (options.allow_keys.empty() ? "--server-key" : "--allow-keys") +
                         "; permitted: the file remit.key of `remit keygen`");
    }
    const bool looked_up = !embeds && !(options.directory.empty() && options.peers.empty());
    if (!options.key.empty() && !looked_up && (embeds ? options.allow_keys : options.server_key).empty()) {
        const char* name = embeds ? "--allow-keys" : "--server-key";
        throw UsageError(
            std::string("option ") + name + ": no value given, but --key; permitted: " +
            (embeds ? "a folder of the language workers' remit.pub" : "the file remit.pub of the embedding worker"));
    }
    if (options.command == Command::bench && !options.listen.empty() && !options.connect.empty()) {
        throw UsageError("options --listen and --connect exclude each other for bench; permitted: --listen on the "
                         "sending machine, --connect on the receiving one, neither for both on this machine");
    }
    if (options.command == Command::doctor && !options.listen.empty() && !options.peer.empty()) {
        throw UsageError("options --listen and --peer exclude each other for doctor; permitted: --listen on one machine, "
                         "--peer on the other, neither for this machine alone");
    }
    check_directory(options);
    if (options.fabric().kind == FabricKind::loopback) {
        for (const char* name : {"--device", "--gid-index", "--ib-port"}) {
            if (!options.was_given(name)) continue;
            throw UsageError(std::string("option ") + name +
                             ": has no effect with --fabric loopback; permitted: with --fabric verbs");
        }
    }
    check_memory_options(options);
    check_bench_memory(options);
    check_observing(options);
    if (!options.input.empty() && options.requests != 1) {
        throw UsageError("--requests is " + std::to_string(options.requests) +
                         "; permitted with --input: 1, since every request would carry the same bytes and what an "
                         "earlier one left in memory would pass for a later one");
    }
    if (!options.output.empty() && options.requests != 1) {
        throw UsageError("option --requests: value \"" + std::to_string(options.requests) +
                         "\" with --output, which writes one request; permitted: 1");
    }
}

}  // namespace

Parsed parse(const std::vector<std::string>& arguments) {
    refuse_values_of_flags(arguments);
    CLI::App app("remit moves multimodal embeddings between workers over RDMA", "remit");
    std::array<Options, kCommands.size()> options;
    const std::vector<CLI::App*> commands = build(app, options);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        return {std::nullopt, app.help()};
    } catch (const CLI::CallForVersion&) {
        return {std::nullopt, app.version() + "\n"};
    } catch (const CLI::ParseError& error) {
        reword(error, arguments);
    }
    for (std::size_t i = 0; i < commands.size(); ++i) {
        if (!commands[i]->parsed()) continue;
        refuse_extras(*commands[i], options[i].command);
        refuse_extras(app, options[i].command);
        read_settings(options[i]);
        if (options[i].command != Command::config) check_together(options[i]);
        check_ranks(options[i]);
        check_trace_files(options[i]);
        return {options[i], ""};
    }
    refuse_no_command(arguments);
}

}  // namespace remit::tools
