#include "tools/observe/observation.hpp"

#include <remit/error.hpp>

#include <iostream>
#include <utility>

#include "base/log.hpp"

namespace remit::tools {

Observation::Observation(const Options& options, std::function<Metrics()> metrics, StatusSocket::Source status) {
    open_socket(options, std::move(status));
    if (options.metrics.empty()) return;
    server_.emplace(http_address_from(options.metrics).value(), std::move(metrics));
    // Of port 0 nobody else knows which it is.
    std::cerr << "remit " << to_string(options.command) << ": metrics at " << server_->url() << "/metrics" << std::endl;
}

/// Nobody asked for the socket that there is where none is named: that it cannot be is no reason not to run.
void Observation::open_socket(const Options& options, StatusSocket::Source status) {
    if (options.status_socket == "none") return;
    if (!options.status_socket.empty()) {
        socket_.emplace(options.status_socket, std::move(status));
        return;
    }
    if (options.command == Command::demo) return;
    try {
        socket_.emplace(new_status_path(std::string(to_string(options.command))), std::move(status));
    } catch (const Error& error) {
        log().info("no socket for remit top: {}", error.what());
    }
}

}  // namespace remit::tools
