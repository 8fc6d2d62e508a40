#include "tools/run/peers.hpp"

#include <remit/error.hpp>
#include <remit/keys.hpp>

#include <chrono>

#include "base/log.hpp"
#include "bootstrap/directory.hpp"

namespace remit::tools {
std::unique_ptr<bootstrap::Publication> publish(const Options& options, const std::string& endpoint) {
    if (options.directory.empty()) return nullptr;
    bootstrap::Peer peer = bootstrap::peer_at(endpoint);
    if (!options.key.empty()) peer.public_key = public_key_of(options.key);
    bootstrap::RegistrationOptions registration{.rank = options.engine_rank, .sizes = options.engine_size};
    registration.on_change = [](bool known, const std::string& what) {
        log().log(known ? spdlog::level::info : spdlog::level::warn, "bootstrap: {}", what);
    };
    return std::make_unique<bootstrap::Publication>(bootstrap::open_directory(options.directory), std::move(peer),
                                                    std::move(registration));
}

Options with_peer(Options options, const Stop& stop) {
    if (options.directory.empty() && options.peers.empty()) return options;
    const auto directory = options.peers.empty() ? bootstrap::open_directory(options.directory)
                                                 : bootstrap::open_peers_file(options.peers);
    // A file does not change while it is waited for.
    const std::chrono::seconds patience(options.peers.empty() ? options.timeout_seconds : 0);
    const bootstrap::Peer peer =
        bootstrap::wait_for_peer(*directory, options.engine_rank, patience, [&stop](std::chrono::milliseconds time) {
            stop.wait({}, time);
            return !stop.requested();
        });
    options.connect = bootstrap::endpoint_of(peer);
    log().info("found the embedding worker at {} by {}", options.connect, directory->name());
    if (options.key.empty() || !options.server_key.empty()) return options;
    if (peer.public_key.empty()) {
        throw Error(ErrorKind::bad_argument, "option --server-key: no value given, but --key, and " + directory->name() +
                                                 " knows no key of the embedding worker; permitted: the file remit.pub of "
                                                 "the embedding worker");
    }
    options.found_key = peer.public_key;
    return options;
}

}  // namespace remit::tools
