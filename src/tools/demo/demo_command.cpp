#include <remit/error.hpp>

#include <filesystem>
#include <optional>

#include "tools/commands.hpp"
#include "tools/demo/demo_keys.hpp"
#include "tools/demo/devices.hpp"
#include "tools/demo/one_process.hpp"
#include "tools/demo/own_processes.hpp"
#include "tools/npy/request_folder.hpp"
#include "tools/trace/half_names.hpp"
#include "tools/trace/merge.hpp"

namespace remit::tools {
namespace {

std::string guess_text(const Workload& work) {
    if (!work.expected_tokens) return "from its latest requests";
    const std::uint64_t given = work.options.allocate.front().value();
    std::string text = std::to_string(*work.expected_tokens);
    if (*work.expected_tokens < given) {
        text += " (" + std::to_string(given) + " clamped to its pool of " +
                std::to_string(work.receiver_pool_blocks) + " blocks)";
    }
    return text;
}

/// "the receiver guesses 1024", "they guess 300, 1024, 4000".
std::string guesses_text(const Workload& work) {
    if (work.options.allocate.size() == 1) {
        return (work.options.ranks == 1 ? "the receiver guesses " : "each guesses ") + guess_text(work.of_rank(0));
    }
    std::string text = "they guess ";
    for (std::uint32_t rank = 0; rank < work.options.ranks; ++rank) {
        text += (rank == 0 ? "" : ", ") + guess_text(work.of_rank(rank));
    }
    return text;
}

std::string opening(const Workload& work) {
    const Options& options = work.options;
    std::string text = "remit demo: " + count_text(work.requests, "request") + " of " +
                       count_text(work.tokens, "token") + ", hidden " + std::to_string(options.hidden) + " " +
                       std::string(to_string(options.dtype)) + ", " +
                       bytes_text(static_cast<double>(work.receiver_layout.payload_bytes(work.tokens))) +
                       (work.requests == 1 ? "" : " each");
    if (options.ranks > 1) text += ", to each of " + count_text(options.ranks, "language worker");
    return text + "; " + guesses_text(work);
}

Report run_workers(const Workload& work, Console& console, const Stop& stop) {
    const DemoKeys keys;
    if (work.options.fabric().kind == FabricKind::loopback) return run_one_process(work, keys, console, stop);
    const DevicePair devices = choose_devices(work.options.devices, active_devices());
    if (!devices.note.empty()) console.say(devices.note);
    return run_own_processes(work, devices, keys, console, stop);
}

/// What was written must be what was read, file against file.
void compare_files(const Workload& work, Report& report, Console& console) {
    const bool both = work.input && !work.options.output.empty();
    if (!both || report.status != Status::Success) return;
    const auto difference = first_difference(*work.input, read_request(work.options.output));
    if (!difference) {
        // int64 identifiers and positions travel, and are written, as int32.
        const std::string how = work.input->narrowed ? " holds, value for value, what " : " holds, bit for bit, what ";
        console.say(work.options.output + how + work.options.input + " holds");
        return;
    }
    report.status = Status::Failed;
    report.verified = false;
    report.reason = "input and output differ: " + *difference;
}

/// What an earlier run has left must not pass for this one's.
void forget_old_traces(const Workload& work) {
    if (work.options.trace.empty()) return;
    std::error_code none_there;
    for (const std::string& name : half_trace_names(work.options.trace, work.options.ranks)) {
        std::filesystem::remove(name, none_there);
    }
}

/// Also of a run that failed: then it is wanted most.
void merge_halves(const Workload& work, Report& report, Console& console) {
    const std::string& merged = work.options.trace;
    if (merged.empty()) return;
    std::string fault;
    try {
        const MergeReport merge = merge_traces(half_trace_names(merged, work.options.ranks), merged);
        console.say(merged + ": " + std::to_string(merge.arrows) +
                    " control messages have both ends; open it in ui.perfetto.dev");
        if (merge.violations > 0) fault = std::to_string(merge.violations) + " control messages came before they were sent";
    } catch (const Error& error) {
        fault = error.what();
    }
    if (fault.empty()) return;
    console.say("trace: " + fault);
    if (report.status != Status::Success) return;
    report.status = Status::Failed;
    report.reason = "trace: " + fault;
}

}  // namespace

ExitStatus run_demo(const Options& options) {
    const Stop stop;
    const Workload work = make_workload(options);
    work.tensor_memory().reset();  // what the machine lacks is said before any process is started
    Console console(options);
    console.say(opening(work));
    forget_old_traces(work);
    Report report = run_workers(work, console, stop);
    compare_files(work, report, console);
    merge_halves(work, report, console);
    return console.finish(report, work.tokens * work.requests);
}

}  // namespace remit::tools
