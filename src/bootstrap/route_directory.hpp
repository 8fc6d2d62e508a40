#pragma once

#include "bootstrap/directory.hpp"
#include "bootstrap/url.hpp"

namespace remit::bootstrap {

/// A server of /route, remit's or another with the same requests.
class RouteDirectory : public Directory {
public:
    RouteDirectory(Url url, const DirectoryOptions& options) : url_(std::move(url)), timeout_(options.timeout) {}

    void publish(const RankId& rank, const RankSizes& sizes, const Peer& peer, std::chrono::seconds lifetime) override;
    /// The requests know no way to say so: the entry goes with its lifetime.
    [[nodiscard]] std::string withdraw() override { return {}; }
    [[nodiscard]] std::optional<Peer> find(const RankId& rank) const override;
    [[nodiscard]] std::string name() const override { return "http://" + url_.authority(); }

private:
    Url url_;
    std::chrono::milliseconds timeout_;
};

}  // namespace remit::bootstrap
