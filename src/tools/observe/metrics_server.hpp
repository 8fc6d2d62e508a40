#pragma once

#include <remit/metrics.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace remit::tools {

/// Where to serve: a numeric address and a port.
struct HttpAddress {
    std::string host;
    std::uint16_t port = 0;  ///< 0: any free one
};
/// "127.0.0.1:9464", "[::1]:9464"; nothing for what is none.
[[nodiscard]] std::optional<HttpAddress> http_address_from(const std::string& text);

/// What workers count, over HTTP: GET /metrics in Prometheus' text format, GET /healthz ("ok", or 503 and what is wrong).
/// On threads of its own; the workers' are not disturbed.
class MetricsServer {
public:
    /// @param source called on the server's threads, one at a time, until the destructor
    /// @throws Error(environment) where the address cannot be bound.
    MetricsServer(const HttpAddress& address, std::function<Metrics()> source);
    ~MetricsServer();
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    /// "http://127.0.0.1:9464", with the port that was bound.
    [[nodiscard]] std::string url() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace remit::tools
