#include "tools/observe/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace remit::tools {

std::optional<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

Listener who_listens(const std::string& path) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0) return Listener::missing;
    const bool own = found.st_uid == geteuid() || geteuid() == 0;
    const auto address = unix_address(path);
    if (!S_ISSOCK(found.st_mode) || !own || !address) return Listener::foreign;
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int result = connect(probe.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    // One whose queue is full is there, too.
    return result == 0 || errno == EAGAIN ? Listener::alive : Listener::dead;
}

}  // namespace remit::tools
