#pragma once

#include "bootstrap/directory.hpp"
#include "bootstrap/url.hpp"

namespace remit::bootstrap {

/// etcd, spoken to through the JSON gateway of its version 3 (paths /v3/..., etcd 3.4 and later). Each rank is a key
/// PREFIX/ranks/DP/TP/PP under a lease, whose value is what PUT /route would carry.
class EtcdDirectory : public Directory {
public:
    EtcdDirectory(Url url, const DirectoryOptions& options);

    void publish(const RankId& rank, const RankSizes& sizes, const Peer& peer, std::chrono::seconds lifetime) override;
    [[nodiscard]] std::string withdraw() override;
    [[nodiscard]] std::optional<Peer> find(const RankId& rank) const override;
    [[nodiscard]] std::string name() const override { return "etcd://" + url_.authority() + "/" + url_.path; }

private:
    [[nodiscard]] std::string call(const std::string& path, const std::string& body) const;
    [[nodiscard]] bool lease_lives() const;

    Url url_;
    std::chrono::milliseconds timeout_;
    std::string lease_;    ///< etcd's number of it in digits; empty: none
    std::string written_;  ///< what the lease keeps: key and value
};

}  // namespace remit::bootstrap
