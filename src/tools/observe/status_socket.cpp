#include "tools/observe/status_socket.hpp"

#include <remit/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/descriptor.hpp"
#include "tools/observe/snapshot_json.hpp"
#include "tools/observe/unix_socket.hpp"

namespace remit::tools {
namespace {

constexpr int kWaiting = 16;  // who connects while another is answered
constexpr std::size_t kMostAnswer = 64u << 20;
constexpr timeval kPatience{5, 0};  // with somebody who does not read

[[noreturn]] void fail(const std::string& path, const std::string& why) {
    throw Error(ErrorKind::environment, "status socket " + path + ": " + why);
}

[[noreturn]] void fail_with_errno(const std::string& path, const char* call) {
    fail(path, std::string(call) + ": " + std::strerror(errno));
}

sockaddr_un address_of(const std::string& path) {
    const auto address = unix_address(path);
    if (!address) {
        fail(path, "the path has " + std::to_string(path.size()) + " bytes; permitted: 1 to " +
                       std::to_string(sizeof(sockaddr_un::sun_path) - 1));
    }
    return *address;
}

void make_place(const std::string& path) {
    switch (who_listens(path)) {
        case Listener::missing: return;
        case Listener::alive: fail(path, "another process listens there; name another path");
        case Listener::foreign: fail(path, "it is no socket of this user's; name another path");
        case Listener::dead: break;
    }
    if (unlink(path.c_str()) != 0 && errno != ENOENT) fail_with_errno(path, "unlink");
}

/// Listens before it is seen: who finds a socket at which nobody listens may remove it.
Descriptor listen_at(const std::string& path) {
    const std::string making = path + ".new";
    const sockaddr_un address = address_of(making);
    make_place(path);
    make_place(making);
    Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.valid()) fail_with_errno(path, "socket");
    // The file that bind() makes takes its rights over: at no moment can another user open it.
    if (fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0) fail_with_errno(path, "fchmod");
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail_with_errno(path, "bind");
    if (listen(listener.get(), kWaiting) != 0) fail_with_errno(path, "listen");
    if (rename(making.c_str(), path.c_str()) != 0) fail_with_errno(path, "rename");
    return listener;
}

/// All of it, or as much as the peer takes in its time.
void write_all(int descriptor, const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
        const ssize_t count = send(descriptor, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        sent += static_cast<std::size_t>(count);
    }
}

std::string answer(const StatusSocket::Source& source) {
    nlohmann::ordered_json json;
    try {
        json["workers"] = nlohmann::ordered_json::array();
        for (const WorkerSnapshot& worker : source()) json["workers"].push_back(to_json(worker));
    } catch (const std::exception& error) {
        json = {{"error", error.what()}};
    }
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

struct StatusSocket::Impl {
    Impl(std::string at, Source from)
        : path(std::move(at)), source(std::move(from)), listener(listen_at(path)), stop(eventfd(0, EFD_CLOEXEC)) {
        if (!stop.valid()) fail_with_errno(path, "eventfd");
        struct stat made {};
        if (lstat(path.c_str(), &made) == 0) inode = made.st_ino;
        thread = std::thread([this] { serve(); });
    }

    ~Impl() {
        const std::uint64_t one = 1;
        static_cast<void>(!write(stop.get(), &one, sizeof one));
        thread.join();
        struct stat found {};
        // Another may have taken the place meanwhile.
        if (lstat(path.c_str(), &found) == 0 && found.st_ino == inode) unlink(path.c_str());
    }

    void serve() {
        for (;;) {
            pollfd wanted[2] = {{listener.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
            if (poll(wanted, 2, -1) < 0) continue;  // interrupted
            if (wanted[1].revents != 0) return;
            const Descriptor client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client.valid()) {
                // Who hung up is forgotten; without a free descriptor this must not spin.
                if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(100));
                continue;
            }
            setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
            write_all(client.get(), answer(source));
        }
    }

    const std::string path;
    const Source source;
    const Descriptor listener;
    const Descriptor stop;
    ino_t inode = 0;
    std::thread thread;
};

StatusSocket::StatusSocket(std::string path, Source source)
    : impl_(std::make_unique<Impl>(std::move(path), std::move(source))) {}

StatusSocket::~StatusSocket() = default;

const std::string& StatusSocket::path() const noexcept { return impl_->path; }

std::vector<WorkerSnapshot> read_status(const std::string& path, std::chrono::milliseconds patience) {
    const sockaddr_un address = address_of(path);
    const Descriptor server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!server.valid()) fail_with_errno(path, "socket");
    if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == ECONNREFUSED) fail(path, "the worker that made it is gone");
        fail_with_errno(path, "connect");
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::string text;
    for (char buffer[65536];;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd wanted{server.get(), POLLIN, 0};
        if (left <= 0 || poll(&wanted, 1, static_cast<int>(left)) == 0) {
            fail(path, "no answer within " + std::to_string(patience.count()) + " ms");
        }
        const ssize_t count = read(server.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail_with_errno(path, "read");
        if (count == 0) return snapshots_from_json(text);
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > kMostAnswer) fail(path, "its answer has no end");
    }
}

}  // namespace remit::tools
