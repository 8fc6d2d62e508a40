#include <remit/error.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/commands.hpp"
#include "tools/observe/snapshot_json.hpp"
#include "tools/observe/status_socket.hpp"
#include "tools/run/stop.hpp"
#include "tools/top/table.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::seconds kPeriod{1};

/// Columns of the terminal; 0: it is none.
std::size_t terminal_width() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Of all sockets that there are, or of the one that is named.
std::vector<WorkerSnapshot> look(const Options& options) {
    if (!options.socket.empty()) return read_status(options.socket);
    std::vector<WorkerSnapshot> workers;
    for (const std::string& path : live_status_sockets()) {
        for (WorkerSnapshot& worker : read_status(path)) workers.push_back(std::move(worker));
    }
    if (workers.empty()) {
        throw Error(ErrorKind::environment, "no worker of this user's has a socket in " + status_folder() +
                                                "; start `remit embed` or `remit language`, or name its --status-socket");
    }
    return workers;
}

std::string json_text(const std::vector<WorkerSnapshot>& workers) {
    nlohmann::ordered_json json{{"workers", nlohmann::ordered_json::array()}};
    for (const WorkerSnapshot& worker : workers) json["workers"].push_back(to_json(worker));
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void show(const Options& options, bool live) {
    const std::vector<WorkerSnapshot> workers = look(options);
    if (options.json) {
        std::cout << json_text(workers) << std::flush;
        return;
    }
    // From the upper left corner on, what is left of the last picture erased.
    const std::string text = status_text(workers, options.rows, live ? terminal_width() : 0);
    std::cout << (live ? "\033[H\033[2J" : "") << text << std::flush;
}

}  // namespace

ExitStatus run_top(const Options& options) {
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const Stop stop;
    for (;;) {
        show(options, terminal && !options.once);
        if (options.once || !std::cout) return ExitStatus::verified;
        stop.wait({}, kPeriod);
        if (stop.requested()) return ExitStatus::verified;
    }
}

}  // namespace remit::tools
