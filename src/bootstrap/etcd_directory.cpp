#include "bootstrap/etcd_directory.hpp"

#include <remit/error.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "bootstrap/base64.hpp"
#include "bootstrap/http.hpp"
#include "bootstrap/registration.hpp"

namespace remit::bootstrap {
namespace {

using Json = nlohmann::json;

std::string key_of(const std::string& prefix, const RankId& rank) {
    return fmt::format("{}/ranks/{}/{}/{}", prefix, rank.dp, rank.tp, rank.pp);
}

/// A string inside an answer; empty where there is none. etcd writes 64-bit numbers as strings.
std::string string_at(const std::string& answer, const char* pointer) {
    const Json json = Json::parse(answer, nullptr, false);
    const Json::json_pointer at(pointer);
    if (json.is_discarded() || !json.contains(at) || !json[at].is_string()) return {};
    return json[at].get<std::string>();
}

}  // namespace

EtcdDirectory::EtcdDirectory(Url url, const DirectoryOptions& options) : url_(std::move(url)), timeout_(options.timeout) {
    if (url_.path.empty()) url_.path = "remit";
}

std::string EtcdDirectory::call(const std::string& path, const std::string& body) const {
    const HttpReply reply = http_request(url_, "POST", path, body, timeout_);
    if (reply.status == 200) return reply.body;
    throw Error(ErrorKind::environment, fmt::format("POST {} of etcd://{}: status {}: {}", path, url_.authority(),
                                                    reply.status, reply.body.substr(0, 200)));
}

/// Renews the lease; one that etcd has given up, or forgotten with its data, answers without a time to live.
bool EtcdDirectory::lease_lives() const {
    if (lease_.empty()) return false;
    return !string_at(call("/v3/lease/keepalive", Json{{"ID", lease_}}.dump()), "/result/TTL").empty();
}

void EtcdDirectory::publish(const RankId& rank, const RankSizes& sizes, const Peer& peer,
                            std::chrono::seconds lifetime) {
    const std::string key = base64_of(key_of(url_.path, rank));
    const std::string value = base64_of(to_json(Registration{true, rank, sizes, peer, std::nullopt}));
    if (written_ == key + value && lease_lives()) return;
    written_.clear();
    lease_ = string_at(call("/v3/lease/grant", Json{{"TTL", std::to_string(lifetime.count())}}.dump()), "/ID");
    if (lease_.empty()) {
        throw Error(ErrorKind::environment, "POST /v3/lease/grant of etcd://" + url_.authority() + ": no lease in the answer");
    }
    static_cast<void>(call("/v3/kv/put", Json{{"key", key}, {"value", value}, {"lease", lease_}}.dump()));
    written_ = key + value;
}

std::string EtcdDirectory::withdraw() {
    if (lease_.empty()) return {};
    std::string why;
    try {
        static_cast<void>(call("/v3/lease/revoke", Json{{"ID", lease_}}.dump()));
    } catch (const std::exception& error) {
        why = fmt::format("{}: the entry stays until its lease ends: {}", name(), error.what());
    }
    lease_.clear();
    written_.clear();
    return why;
}

std::optional<Peer> EtcdDirectory::find(const RankId& rank) const {
    const std::string key = key_of(url_.path, rank);
    const std::string answer = call("/v3/kv/range", Json{{"key", base64_of(key)}}.dump());
    const std::string value = string_at(answer, "/kvs/0/value");
    if (value.empty()) return std::nullopt;
    try {
        const auto json = bytes_of_base64(value);
        if (!json) throw Error(ErrorKind::bad_argument, "the value is no base64");
        const Registration registration = registration_of(*json);
        if (registration.rank != rank) throw Error(ErrorKind::bad_argument, "it is of rank " + to_string(registration.rank));
        return registration.peer;
    } catch (const Error& error) {
        throw Error(ErrorKind::environment, fmt::format("key {} of {} makes no sense: {}", key, name(), error.what()));
    }
}

}  // namespace remit::bootstrap
