#include "bootstrap/http.hpp"

#include <remit/error.hpp>

#include <httplib.h>
#include <spdlog/fmt/fmt.h>

namespace remit::bootstrap {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::size_t kMostBytes = 1 << 20;

}  // namespace

HttpReply http_request(const Url& server, const std::string& method, const std::string& path, const std::string& body) {
    httplib::Client client(server.host, server.port);
    client.set_connection_timeout(kPatience);
    client.set_read_timeout(kPatience);
    client.set_write_timeout(kPatience);
    httplib::Request request;
    request.method = method;
    request.path = path;
    if (!body.empty()) {
        request.body = body;
        request.set_header("Content-Type", "application/json");
    }
    HttpReply reply;
    request.content_receiver = [&reply](const char* data, std::size_t bytes, std::uint64_t, std::uint64_t) {
        if (bytes > kMostBytes - reply.body.size()) return false;
        reply.body.append(data, bytes);
        return true;
    };
    const httplib::Result result = client.send(request);
    if (!result) {
        throw Error(ErrorKind::environment, fmt::format("{} {} of {}: {}", method, path.substr(0, path.find('?')),
                                                        server.authority(), httplib::to_string(result.error())));
    }
    reply.status = result->status;
    return reply;
}

}  // namespace remit::bootstrap
