#include <remit/error.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/commands.hpp"
#include "tools/observe/snapshot_json.hpp"
#include "tools/observe/status_socket.hpp"
#include "tools/run/stop.hpp"
#include "tools/top/quit_key.hpp"
#include "tools/top/table.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::seconds kPeriod{1};

/// Columns of the terminal; 0: it is none.
std::size_t terminal_width() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

struct Seen {
    std::vector<WorkerSnapshot> workers;
    std::string complaints;  ///< a line for each socket whose worker is stuck, or has just ended
};

/// Of all sockets that there are, or of the one that is named. Where one of several cannot say how it is, the others do.
Seen look(const Options& options) {
    if (!options.socket.empty()) return {read_status(options.socket), {}};
    Seen seen;
    for (const std::string& path : live_status_sockets()) {
        try {
            for (WorkerSnapshot& worker : read_status(path)) seen.workers.push_back(std::move(worker));
        } catch (const Error& error) {
            seen.complaints += std::string(error.what()) + "\n";
        }
    }
    if (seen.workers.empty() && !seen.complaints.empty()) throw Error(ErrorKind::environment, seen.complaints);
    if (seen.workers.empty()) {
        throw Error(ErrorKind::environment, "no worker of this user's has a socket in " + status_folder() +
                                                "; start `remit embed` or `remit language`, or name its --status-socket");
    }
    return seen;
}

std::string json_text(const std::vector<WorkerSnapshot>& workers) {
    nlohmann::ordered_json json{{"workers", nlohmann::ordered_json::array()}};
    for (const WorkerSnapshot& worker : workers) json["workers"].push_back(to_json(worker));
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void show(const Options& options, bool live) {
    const Seen seen = look(options);
    if (options.json) {
        std::cout << json_text(seen.workers) << std::flush;
        std::cerr << seen.complaints;
        return;
    }
    // From the upper left corner on, what is left of the last picture erased.
    const std::string text = status_text(seen.workers, options.rows, live ? terminal_width() : 0) + seen.complaints;
    std::cout << (live ? "\033[H\033[2J" : "") << text << std::flush;
}

}  // namespace

ExitStatus run_top(const Options& options) {
    const bool live = isatty(STDOUT_FILENO) == 1 && !options.once;
    const Stop stop;
    const QuitKey key(live);
    for (;;) {
        show(options, live);
        if (options.once || !std::cout) return ExitStatus::verified;
        stop.wait(key.descriptors(), kPeriod);
        if (stop.requested() || key.pressed()) return ExitStatus::verified;
    }
}

}  // namespace remit::tools
