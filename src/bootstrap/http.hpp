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
/// @param timeout as DirectoryOptions has it
/// @throws Error(environment) naming the address and why where no reply comes within it.
[[nodiscard]] HttpReply http_request(const Url& server, const std::string& method, const std::string& path,
                                     const std::string& body, std::chrono::milliseconds timeout);

}  // namespace remit::bootstrap
