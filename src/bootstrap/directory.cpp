#include "bootstrap/directory.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include "bootstrap/etcd_directory.hpp"
#include "bootstrap/route_directory.hpp"
#include "bootstrap/url.hpp"

namespace remit::bootstrap {

std::unique_ptr<Directory> open_directory(const std::string& where, const DirectoryOptions& options) {
    const Url url = url_of(where);
    if (url.scheme == "http" && url.path.empty()) return std::make_unique<RouteDirectory>(url, options);
    if (url.scheme == "etcd") return std::make_unique<EtcdDirectory>(url, options);
    throw Error(ErrorKind::bad_argument, fmt::format("bootstrap \"{}\": permitted: http://HOST:PORT without a path, or "
                                                     "etcd://HOST:PORT/PREFIX",
                                                     where.substr(0, 80)));
}

Peer wait_for_peer(const Directory& directory, const RankId& rank, std::chrono::milliseconds patience,
                   const std::function<bool(std::chrono::milliseconds)>& wait) {
    constexpr std::chrono::milliseconds kPeriod{200};
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        std::string said = "it knows no such rank";
        try {
            if (const auto peer = directory.find(rank)) return *peer;
        } catch (const Error& error) {
            said = error.what();
        }
        const bool more = std::chrono::steady_clock::now() + kPeriod < deadline;
        if (more && wait(kPeriod)) continue;
        throw Error(ErrorKind::environment,
                    fmt::format("no embedding worker of rank ({}) at {} within {} ms: {}; start it, or ask for the rank that "
                                "it has (option --engine-rank)",
                                to_string(rank), directory.name(), patience.count(), said));
    }
}

}  // namespace remit::bootstrap
