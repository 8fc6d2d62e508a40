#include <remit/bootstrap.hpp>

#include <spdlog/fmt/fmt.h>

#include <thread>

#include "bootstrap/directory.hpp"
#include "bootstrap/publication.hpp"

namespace remit::bootstrap {
namespace {

constexpr std::chrono::milliseconds kMostTimeout = std::chrono::minutes(10);
constexpr std::chrono::seconds kMostLifetime = std::chrono::hours(24);

void require(bool fits, const std::string& what) {
    if (!fits) throw Error(ErrorKind::bad_argument, what);
}

std::unique_ptr<Directory> open(const std::string& where, const DirectoryOptions& options) {
    require(options.timeout.count() > 0 && options.timeout <= kMostTimeout,
            fmt::format("timeout is {} ms; permitted: 1 to {}", options.timeout.count(), kMostTimeout.count()));
    return where.find("://") == std::string::npos ? open_peers_file(where) : open_directory(where, options);
}

void require_rank(const char* kind, std::uint32_t rank, std::uint32_t size) {
    require(size > 0 && size <= kMostRanks, fmt::format("sizes.{} is {}; permitted: 1 to {}", kind, size, kMostRanks));
    require(rank < size, fmt::format("rank.{} is {}; permitted: less than sizes.{}, which is {}", kind, rank, kind, size));
}

void check(const Peer& peer, const RegistrationOptions& options) {
    const std::string fault = fault_of(peer);
    require(fault.empty(), "the worker cannot be registered: " + fault);
    require_rank("tp", options.rank.tp, options.sizes.tp);
    require_rank("dp", options.rank.dp, options.sizes.dp);
    require_rank("pp", options.rank.pp, options.sizes.pp);
    require(options.lifetime.count() > 0 && options.lifetime <= kMostLifetime,
            fmt::format("lifetime is {} s; permitted: 1 to {}", options.lifetime.count(), kMostLifetime.count()));
}

}  // namespace

struct PeerRegistration::Impl {
    Publication publication;
};

PeerRegistration::PeerRegistration(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerRegistration::PeerRegistration(PeerRegistration&& other) noexcept = default;
PeerRegistration& PeerRegistration::operator=(PeerRegistration&& other) noexcept = default;
PeerRegistration::~PeerRegistration() = default;

struct PeerDirectory::Impl {
    std::string where;
    DirectoryOptions options;
    std::unique_ptr<Directory> directory;
};

PeerDirectory::PeerDirectory(const std::string& where, const DirectoryOptions& options)
    : impl_(std::make_shared<const Impl>(Impl{where, options, open(where, options)})) {}

std::optional<Peer> PeerDirectory::find(const RankId& rank) const { return impl_->directory->find(rank); }

Peer PeerDirectory::wait_for(const RankId& rank, std::chrono::milliseconds patience) const {
    return wait_for_peer(*impl_->directory, rank, patience, [](std::chrono::milliseconds time) {
        std::this_thread::sleep_for(time);
        return true;
    });
}

PeerRegistration PeerDirectory::register_worker(const Peer& peer, const RegistrationOptions& options) const {
    check(peer, options);
    // What keeps an entry has a directory of its own, with its lease.
    return PeerRegistration(
        std::unique_ptr<PeerRegistration::Impl>(new PeerRegistration::Impl{{open(impl_->where, impl_->options), peer, options}}));
}

std::string PeerDirectory::name() const { return impl_->directory->name(); }

}  // namespace remit::bootstrap
