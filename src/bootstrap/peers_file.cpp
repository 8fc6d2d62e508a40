#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "bootstrap/directory.hpp"
#include "config/text_file.hpp"
#include "config/toml_document.hpp"

namespace remit::bootstrap {
namespace {

class PeersFile : public Directory {
public:
    PeersFile(std::string path, std::map<RankId, Peer> peers) : path_(std::move(path)), peers_(std::move(peers)) {}

    void publish(const RankId&, const RankSizes&, const Peer&, std::chrono::seconds) override {
        throw Error(ErrorKind::misuse, "file \"" + path_ + "\" lists peers; nobody registers with it");
    }
    [[nodiscard]] std::string withdraw() override { return {}; }
    [[nodiscard]] std::optional<Peer> find(const RankId& rank) const override {
        const auto found = peers_.find(rank);
        return found == peers_.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] std::string name() const override { return path_; }

private:
    std::string path_;
    std::map<RankId, Peer> peers_;
};

/// One `[[peer]]`, read with its line in every complaint.
class PeerReader {
public:
    PeerReader(const std::string& path, const toml::table& table) : path_(path), table_(table) {}

    void read(std::map<RankId, Peer>& peers) const {
        refuse_unknown();
        Peer peer = address();
        peer.public_key = table_.contains("public_key") ? text("public_key") : "";
        if (const std::string fault = fault_of(peer); !fault.empty()) refuse(table_, fault);
        const RankId rank{number("tp_rank"), number("dp_rank"), number("pp_rank")};
        if (!peers.emplace(rank, peer).second) refuse(table_, "rank (" + to_string(rank) + ") is there twice");
    }

private:
    [[noreturn]] void refuse(const toml::node& node, const std::string& why) const {
        throw Error(ErrorKind::bad_argument, fmt::format("{}:{}: {}", path_, node.source().begin.line, why));
    }

    [[nodiscard]] Peer address() const {
        const std::string endpoint = text("endpoint");
        try {
            return peer_at(endpoint);
        } catch (const Error& error) {
            refuse(*table_.get("endpoint"), error.what());
        }
    }

    void refuse_unknown() const {
        constexpr std::string_view kKnown[] = {"endpoint", "public_key", "tp_rank", "dp_rank", "pp_rank"};
        for (const auto& [name, node] : table_) {
            if (std::find(std::begin(kKnown), std::end(kKnown), name.str()) != std::end(kKnown)) continue;
            refuse(node, fmt::format("unknown key \"{}\"; permitted: endpoint, public_key, tp_rank, dp_rank, pp_rank",
                                     name.str()));
        }
    }

    [[nodiscard]] std::string text(const char* name) const {
        const toml::node* const node = table_.get(name);
        if (node == nullptr) refuse(table_, fmt::format("{} is missing", name));
        if (!node->is_string()) refuse(*node, fmt::format("{} is no string", name));
        return node->as_string()->get();
    }

    [[nodiscard]] std::uint32_t number(const char* name) const {
        const toml::node* const node = table_.get(name);
        if (node == nullptr) return 0;
        const std::int64_t value = node->is_integer() ? node->as_integer()->get() : -1;
        if (value < 0 || value >= kMostRanks) refuse(*node, fmt::format("{}; permitted: 0 to {}", name, kMostRanks - 1));
        return static_cast<std::uint32_t>(value);
    }

    const std::string& path_;
    const toml::table& table_;
};

[[noreturn]] void refuse_form(const std::string& path) {
    throw Error(ErrorKind::bad_argument, path + ": permitted: tables [[peer]] with endpoint = \"tcp://ADDRESS:PORT\", and with "
                                                "tp_rank, dp_rank, pp_rank and public_key where they have some");
}

}  // namespace

std::unique_ptr<Directory> open_peers_file(const std::string& path) {
    std::map<RankId, Peer> peers;
    const toml::table document = config::parse_toml(config::read_text_file(path), path);
    const toml::array* const list = document.get_as<toml::array>("peer");
    if (list == nullptr || list->empty() || document.size() != 1) refuse_form(path);
    for (const toml::node& node : *list) {
        if (!node.is_table()) refuse_form(path);
        PeerReader(path, *node.as_table()).read(peers);
    }
    return std::make_unique<PeersFile>(path, std::move(peers));
}

}  // namespace remit::bootstrap
