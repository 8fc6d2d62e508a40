// Where status sockets are, where nobody says where.

#include <remit/error.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tools/observe/status_socket.hpp"
#include "tools/observe/unix_socket.hpp"

namespace remit::tools {
namespace {

namespace fs = std::filesystem;

std::string folder_name() {
    const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
    if (runtime != nullptr && *runtime == '/') return std::string(runtime) + "/remit";
    return "/tmp/remit-" + std::to_string(geteuid());
}

/// In /tmp anybody may have made it first.
void check_own(const std::string& folder) {
    struct stat found {};
    const bool there = lstat(folder.c_str(), &found) == 0;
    if (there && S_ISDIR(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
    throw Error(ErrorKind::environment,
                folder + " is not a folder of this user's alone; remove it, set XDG_RUNTIME_DIR, or name --status-socket");
}

}  // namespace

std::string status_folder() {
    const std::string folder = folder_name();
    if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        throw Error(ErrorKind::environment, "cannot make " + folder + ": " + std::strerror(errno) +
                                                "; set XDG_RUNTIME_DIR, or name --status-socket");
    }
    check_own(folder);
    return folder;
}

std::string new_status_path(const std::string& command) {
    return status_folder() + "/" + command + "-" + std::to_string(getpid()) + ".sock";
}

std::vector<std::string> live_status_sockets() {
    std::vector<std::string> alive;
    for (const auto& entry : fs::directory_iterator(status_folder())) {
        const std::string path = entry.path().string();
        if (entry.path().extension() != ".sock") continue;
        const Listener listener = who_listens(path);
        if (listener == Listener::alive) alive.push_back(path);
        if (listener == Listener::dead) unlink(path.c_str());
    }
    std::sort(alive.begin(), alive.end());
    return alive;
}

}  // namespace remit::tools
