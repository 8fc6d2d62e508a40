#include "bootstrap/route_directory.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include "bootstrap/http.hpp"
#include "bootstrap/registration.hpp"

namespace remit::bootstrap {
namespace {

[[noreturn]] void refuse(const Url& url, const std::string& what, const std::string& why) {
    throw Error(ErrorKind::environment, fmt::format("{} at http://{}: {}", what, url.authority(), why.substr(0, 200)));
}

}  // namespace

void RouteDirectory::publish(const RankId& rank, const RankSizes& sizes, const Peer& peer,
                             std::chrono::seconds lifetime) {
    const HttpReply reply = http_request(url_, "PUT", "/route", to_json(Registration{true, rank, sizes, peer, lifetime}), timeout_);
    if (reply.status != 200) refuse(url_, "PUT /route", fmt::format("status {}: {}", reply.status, reply.body));
}

std::optional<Peer> RouteDirectory::find(const RankId& rank) const {
    const std::string path = fmt::format("/route?engine_rank={}&target_dp_group={}&target_pp_rank={}", rank.tp, rank.dp, rank.pp);
    const HttpReply reply = http_request(url_, "GET", path, "", timeout_);
    // A server that looks a rank up without asking whether it is there fails inside: it is not there yet.
    if (reply.status == 404 || reply.status == 500) return std::nullopt;
    if (reply.status != 200) refuse(url_, "GET /route", fmt::format("status {}: {}", reply.status, reply.body));
    try {
        return peer_of(reply.body);
    } catch (const Error& error) {
        refuse(url_, "GET /route", std::string("the reply makes no sense: ") + error.what());
    }
}

}  // namespace remit::bootstrap
