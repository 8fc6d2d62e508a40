#include <remit/error.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "tools/cli/parse.hpp"
#include "tools/cli/wording.hpp"
#include "tools/commands.hpp"
#include "tools/observe/json_log.hpp"
#include "tools/report/event_lines.hpp"
#include "tools/report/report.hpp"

namespace {

using namespace remit::tools;

ExitStatus dispatch(const Options& options) {
    switch (options.command) {
        case Command::demo: return run_demo(options);
        case Command::embed: return run_embed(options);
        case Command::language: return run_language(options);
        case Command::bench: return run_bench(options);
        case Command::keygen: return run_keygen(options);
        case Command::doctor: return run_doctor(options);
        case Command::trace_merge: return run_trace_merge(options);
        case Command::config: return run_config(options);
        case Command::bootstrap: return run_bootstrap(options);
        case Command::top: return run_top(options);
    }
    return ExitStatus::usage;
}

ExitStatus dispatch_in_option_words(const Options& options) {
    try {
        return dispatch(options);
    } catch (const remit::Error& error) {
        throw remit::Error(error.kind(), in_option_words(error.what(), options));
    }
}

bool has(const std::vector<std::string>& arguments, const char* name) {
    return std::find(arguments.begin(), arguments.end(), name) != arguments.end();
}

/// The command's name in front of a message: "remit demo".
std::string speaker(const std::vector<std::string>& arguments) {
    const bool named = !arguments.empty() && !arguments.front().empty() && arguments.front().front() != '-';
    return named ? "remit " + arguments.front().substr(0, 40) : "remit";
}

/// Once, to whoever listens: the demo that started us, or a person and whoever reads the JSON.
ExitStatus complain(const std::vector<std::string>& arguments, const std::string& message, ExitStatus status) {
    if (has(arguments, "--events")) {
        EventWriter().write(ErrorEvent{status, message});
        return status;
    }
    std::cerr << speaker(arguments) << ": " << message << std::endl;
    const bool loopback = has(arguments, "--fabric=loopback") || has(arguments, "loopback");
    const auto fabric = loopback ? remit::FabricKind::loopback : remit::FabricKind::verbs;
    if (has(arguments, "--json")) std::cout << to_json(failure(message, fabric)) << std::endl;
    return status;
}

ExitStatus run(const std::vector<std::string>& arguments) {
    try {
        const Parsed parsed = parse(arguments);
        if (!parsed.options) {
            std::cout << parsed.text;
            return ExitStatus::verified;
        }
        set_up_log(*parsed.options);
        return dispatch_in_option_words(*parsed.options);
    } catch (const UsageError& error) {
        return complain(arguments, error.what(), ExitStatus::usage);
    } catch (const remit::Error& error) {
        return complain(arguments, error.what(), exit_status_of(error.kind()));
    } catch (const std::bad_alloc&) {
        return complain(arguments, "not enough memory: lower --tokens, --hidden, --concurrency or the pools",
                        ExitStatus::environment);
    } catch (const std::exception& error) {
        return complain(arguments, error.what(), ExitStatus::failed);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    ExitStatus status = run(arguments);
    // A full disk behind stdout shows at the latest here.
    if (!std::cout.flush()) {
        std::cerr << speaker(arguments) << ": standard output cannot be written" << std::endl;
        if (status == ExitStatus::verified) status = ExitStatus::failed;
    }
    return static_cast<int>(status);
}
