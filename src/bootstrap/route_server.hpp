#pragma once

#include <memory>
#include <string>

#include "bootstrap/route_table.hpp"
#include "bootstrap/url.hpp"

namespace remit::bootstrap {

/// Serves a RouteTable over HTTP until it is destroyed: PUT and GET /route, GET /health. What it holds is gone with it.
class RouteServer {
public:
    /// @param at where to listen; port 0: any free one. @throws Error(environment) where that is not possible.
    explicit RouteServer(const Url& at, RouteLimits limits = {});
    ~RouteServer();
    RouteServer(const RouteServer&) = delete;
    RouteServer& operator=(const RouteServer&) = delete;

    /// "http://127.0.0.1:8998", with the port that was taken.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::size_t ranks() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace remit::bootstrap
