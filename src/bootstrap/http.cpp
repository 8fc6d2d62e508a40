#include "bootstrap/http.hpp"

#include <remit/error.hpp>

#include <httplib.h>
#include <spdlog/fmt/fmt.h>

#include <optional>

namespace remit::bootstrap {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

std::string words_of(httplib::Error error) {
    switch (error) {
        case httplib::Error::Connection: return "no connection: nobody listens there, or there is no way to it";
        case httplib::Error::Read: return "no answer within the timeout, or one that is no HTTP";
        case httplib::Error::Write: return "the request could not be written";
        case httplib::Error::Canceled: return "the answer is too long or too slow";
        default: return httplib::to_string(error);
    }
}

}  // namespace

HttpReply http_request(const Url& server, const std::string& method, const std::string& path, const std::string& body,
                       std::chrono::milliseconds timeout) {
    httplib::Client client(server.host, server.port);
    client.set_connection_timeout(timeout);
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    httplib::Request request;
    request.method = method;
    request.path = path;
    if (!body.empty()) {
        request.body = body;
        request.set_header("Content-Type", "application/json");
    }
    HttpReply reply;
    std::optional<std::chrono::steady_clock::time_point> end;  // from the first piece on
    request.content_receiver = [&](const char* data, std::size_t bytes, std::uint64_t, std::uint64_t) {
        const auto now = std::chrono::steady_clock::now();
        end = end.value_or(now + timeout);
        if (bytes > kMostBytes - reply.body.size() || now > *end) return false;
        reply.body.append(data, bytes);
        return true;
    };
    const httplib::Result result = client.send(request);
    if (!result) {
        throw Error(ErrorKind::environment, fmt::format("{} {} of {}: {}", method, path.substr(0, path.find('?')),
                                                        server.authority(), words_of(result.error())));
    }
    reply.status = result->status;
    return reply;
}

}  // namespace remit::bootstrap
