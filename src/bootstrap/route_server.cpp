#include "bootstrap/route_server.hpp"

#include <remit/error.hpp>

#include <httplib.h>
#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/log.hpp"

namespace remit::bootstrap {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::seconds kIdle{1};  // of a connection between two requests; the end of the server waits for it
constexpr std::size_t kThreads = 8;
constexpr int kRequestsOfAConnection = 64;

void answer(httplib::Response& response, const RouteReply& reply) {
    response.status = reply.status;
    response.set_content(reply.body, reply.type);
}

}  // namespace

struct RouteServer::Impl {
    Impl(const Url& at_, RouteLimits limits) : at(at_), table(limits) {
        server.set_read_timeout(kPatience);
        server.set_write_timeout(kPatience);
        server.set_keep_alive_timeout(kIdle.count());
        server.set_keep_alive_max_count(kRequestsOfAConnection);
        server.set_payload_max_length(limits.body_bytes);
        server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // the server deletes it
        // Without this two servers could share a port, and each would know half of the ranks.
        server.set_socket_options([](socket_t socket) {
            const int yes = 1;
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        });
        add_routes();
    }

    void add_routes() {
        server.Put("/route", [this](const httplib::Request& request, httplib::Response& response) {
            answer(response, put(request.body));
        });
        server.Get("/route", [this](const httplib::Request& request, httplib::Response& response) {
            const std::lock_guard lock(mutex);
            const RouteQuery query{request.get_param_value("engine_rank"), request.get_param_value("target_dp_group"),
                                   request.get_param_value("target_pp_rank")};
            answer(response, table.get(query, std::chrono::steady_clock::now()));
        });
        const auto refuse = [](const httplib::Request&, httplib::Response& response) {
            answer(response, {405, "Method not allowed"});
        };
        server.Post("/route", refuse);
        server.Delete("/route", refuse);
        server.Patch("/route", refuse);
        server.Get("/health", [](const httplib::Request&, httplib::Response& response) { answer(response, {200, "OK"}); });
    }

    RouteReply put(const std::string& body) {
        const std::lock_guard lock(mutex);
        const RouteReply reply = table.put(body, std::chrono::steady_clock::now());
        if (reply.status != 200) log().warn("bootstrap: refused a registration: {}", reply.body);
        return reply;
    }

    void start() {
        errno = 0;
        if (at.port == 0) {
            const int port = server.bind_to_any_port(at.host);
            at.port = static_cast<std::uint16_t>(port > 0 ? port : 0);
        } else if (!server.bind_to_port(at.host, at.port)) {
            fail();
        }
        if (at.port == 0) fail();
        thread = std::thread([this] {
            server.listen_after_bind();
            ended = true;
        });
        // stop() is lost on a server that does not run yet.
        while (!server.is_running() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    [[noreturn]] void fail() const {
        throw Error(ErrorKind::environment,
                    fmt::format("listening on {}: {}; choose an address of this machine and a free port", at.authority(),
                                errno == 0 ? "not possible" : std::generic_category().message(errno)));
    }

    ~Impl() {
        server.stop();
        if (thread.joinable()) thread.join();
    }

    Url at;
    mutable std::mutex mutex;  ///< of the table
    RouteTable table;
    httplib::Server server;
    std::atomic<bool> ended{false};
    std::thread thread;
};

RouteServer::RouteServer(const Url& at, RouteLimits limits) : impl_(std::make_unique<Impl>(at, limits)) {
    impl_->start();
}

RouteServer::~RouteServer() = default;

std::string RouteServer::url() const {
    return "http://" + impl_->at.authority();
}

std::size_t RouteServer::ranks() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->table.ranks();
}

}  // namespace remit::bootstrap
