#include "tools/observe/metrics_server.hpp"

#include <remit/error.hpp>

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "tools/cli/option_spec.hpp"
#include "tools/observe/pulse.hpp"

namespace remit::tools {
namespace {

constexpr std::size_t kThreads = 2;  // a scraper, and somebody who asks how it goes
constexpr int kSecondsToSpeak = 5;

bool is_numeric(const std::string& host) {
    in6_addr ignored{};
    return inet_pton(host.find(':') == std::string::npos ? AF_INET : AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

std::optional<HttpAddress> http_address_from(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (bracketed != (host.find(':') != std::string::npos) || !is_numeric(host)) return std::nullopt;
    const auto port = number_of(text.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    return HttpAddress{host, static_cast<std::uint16_t>(*port)};
}

struct MetricsServer::Impl {
    Impl(const HttpAddress& wanted, std::function<Metrics()> from) : source(std::move(from)), address(wanted) {
        server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
        // The library's own would let a second process share the port, and hide that one of them is not asked.
        server.set_socket_options([](socket_t listener) {
            const int yes = 1;
            setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        });
        server.set_read_timeout(kSecondsToSpeak);
        server.set_write_timeout(kSecondsToSpeak);
        server.set_keep_alive_timeout(kSecondsToSpeak);
        server.set_payload_max_length(1024);
        server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
            response.set_content(to_prometheus(read()), "text/plain; version=0.0.4; charset=utf-8");
        });
        server.Get("/healthz", [this](const httplib::Request&, httplib::Response& response) { answer_health(response); });
        bind();
        thread = std::thread([this] {
            server.listen_after_bind();
            ended = true;
        });
        // A stop() before it runs would be lost.
        while (!server.is_running() && !ended) std::this_thread::yield();
    }

    ~Impl() {
        server.stop();
        thread.join();
    }

    void bind() {
        errno = 0;
        if (address.port == 0) {
            const int port = server.bind_to_any_port(address.host);
            if (port > 0) {
                address.port = static_cast<std::uint16_t>(port);
                return;
            }
        } else if (server.bind_to_port(address.host, address.port)) {
            return;
        }
        const std::string why = errno != 0 ? std::string(": ") + std::strerror(errno) : "";
        throw Error(ErrorKind::environment, "option --metrics: cannot listen on " + address.host + " port " +
                                                std::to_string(address.port) + why +
                                                "; name an address of this machine and a free port, or port 0");
    }

    Metrics read() {
        const std::lock_guard lock(mutex);
        return source();
    }

    void answer_health(httplib::Response& response) {
        const std::lock_guard lock(mutex);
        const std::string fault = pulse.fault(source(), Pulse::Clock::now());
        response.status = fault.empty() ? 200 : 503;
        response.set_content((fault.empty() ? "ok" : fault) + "\n", "text/plain; charset=utf-8");
    }

    std::function<Metrics()> source;
    HttpAddress address;
    std::mutex mutex;  ///< guards source and pulse
    Pulse pulse;
    httplib::Server server;
    std::atomic<bool> ended{false};
    std::thread thread;
};

MetricsServer::MetricsServer(const HttpAddress& address, std::function<Metrics()> source)
    : impl_(std::make_unique<Impl>(address, std::move(source))) {}

MetricsServer::~MetricsServer() = default;

std::string MetricsServer::url() const {
    const HttpAddress& at = impl_->address;
    const bool v6 = at.host.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

}  // namespace remit::tools
