#pragma once

#include <remit/metrics.hpp>

#include <functional>
#include <optional>

#include "tools/cli/options.hpp"
#include "tools/observe/metrics_server.hpp"
#include "tools/observe/status_socket.hpp"

namespace remit::tools {

/// Whatever the options ask to be shown of a command's workers while it runs.
class Observation {
public:
    /// @param metrics, status of all its workers; called until the destructor, on other threads
    /// @throws Error(environment) where it cannot be shown.
    Observation(const Options& options, std::function<Metrics()> metrics, StatusSocket::Source status);

private:
    void open_socket(const Options& options, StatusSocket::Source status);

    std::optional<MetricsServer> server_;
    std::optional<StatusSocket> socket_;
};

}  // namespace remit::tools
