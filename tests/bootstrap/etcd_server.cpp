#include "etcd_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace remit::bootstrap::test {
namespace {

/// One that the kernel gave just now.
std::uint16_t free_port() {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool good = bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                      getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(descriptor);
    if (!good) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

std::string make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "remit_etcd_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    return pattern;
}

}  // namespace

EtcdServer::EtcdServer() : folder_(make_folder()), client_port_(free_port()), peer_port_(free_port()) {
    start();
}

EtcdServer::~EtcdServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string EtcdServer::url(const std::string& prefix) const {
    return "etcd://127.0.0.1:" + std::to_string(client_port_) + "/" + prefix;
}

std::string EtcdServer::log() const {
    std::ostringstream text;
    text << std::ifstream(folder_ + "/log").rdbuf();
    return text.str();
}

void EtcdServer::kill() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
}

void EtcdServer::start() {
    const std::string client = "http://127.0.0.1:" + std::to_string(client_port_);
    const std::string peer = "http://127.0.0.1:" + std::to_string(peer_port_);
    // Leases end no sooner than after an election's time: it is short.
    std::vector<std::string> arguments{"etcd", "--name=remit", "--data-dir=" + folder_ + "/data",
                                       "--listen-client-urls=" + client, "--advertise-client-urls=" + client,
                                       "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
                                       "--initial-cluster=remit=" + peer, "--heartbeat-interval=20",
                                       "--election-timeout=200"};
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const std::string log = folder_ + "/log";
    process_ = fork();
    if (process_ != 0) return;
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(words[0], words.data());
    constexpr char kMissing[] = "there is no etcd: scripts/setup.sh installs it\n";
    static_cast<void>(!write(STDERR_FILENO, kMissing, sizeof kMissing - 1));
    _exit(127);
}

}  // namespace remit::bootstrap::test
