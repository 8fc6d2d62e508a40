#pragma once

#include <chrono>
#include <string>

#include "bootstrap/url.hpp"

namespace remit::bootstrap {

struct HttpReply {
    int status = 0;
    std::string body;
};

/// One request, over a connection of its own: what is asked for is small and seldom. @param method "GET", "PUT", "POST"
/// @param body JSON; empty: none. Replies of more than 1 MiB are refused.
/// @throws Error(environment) naming the address and why where no reply comes within a few seconds.
[[nodiscard]] HttpReply http_request(const Url& server, const std::string& method, const std::string& path,
                                     const std::string& body);

}  // namespace remit::bootstrap
