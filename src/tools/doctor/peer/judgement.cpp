#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "tools/doctor/peer/facts.hpp"

namespace remit::tools::doctor {
namespace {

/// Of the slower port's rate: below it something holds the transfer back that the port does not.
constexpr double kGoodShare = 0.5;
/// Of a request of one token, control messages included, on hardware.
constexpr double kSlowRequest = 1e-3;

bool is_ipv4(const std::string& gid) {
    return gid.starts_with("::ffff:");
}

std::string address_of(const EndFacts& end) {
    return end.gid.empty() ? "LID routing" : end.gid;
}

std::string end_text(const EndFacts& end) {
    return fmt::format("{} port {}, {}", end.device, end.port, end.ethernet ? "Ethernet" : "InfiniBand");
}

std::string ping(const EndFacts& own, const EndFacts& peer, const std::string& options) {
    const std::string address = is_ipv4(peer.gid) ? peer.gid.substr(7) : peer.gid;
    return fmt::format("ping{}{} {}", options, own.netdev.empty() ? "" : " -I " + own.netdev,
                       address.empty() ? "the peer" : address);
}

/// From what arrived: nothing, small requests alone, or all.
void check_direction(const std::string& id, const EndFacts& own, const EndFacts& peer,
                     const DirectionMeasured& direction, Findings& findings) {
    std::vector<const SizeMeasured*> arrived;
    for (const SizeMeasured& size : direction.sizes) {
        if (size.requests != 0) arrived.push_back(&size);
    }
    std::string found;
    for (const SizeMeasured* size : arrived) found += fmt::format("{}{} B", found.empty() ? "" : ", ", size->bytes);
    if (direction.reason.empty() && arrived.size() == direction.sizes.size()) {
        findings.ok(id, "", found + ": every byte arrived right");
        return;
    }
    const std::uint32_t mtu = std::min(own.mtu, peer.mtu);
    const bool large_alone = !arrived.empty() && arrived.size() < direction.sizes.size() && own.ethernet;
    const std::string reason = direction.reason.empty() ? "not all sizes arrived" : direction.reason;
    if (large_alone) {
        const std::uint64_t first = direction.sizes[arrived.size()].bytes;
        findings.add(
            Verdict::problem, id, "",
            fmt::format("up to {} B arrive, {} B do not: {}", arrived.back()->bytes, first, reason),
            fmt::format(
                "a switch on the way drops large packets: `{}` must get an answer; raise the switches' MTU or lower "
                "that of both network devices",
                ping(own, peer, fmt::format(" -M do -s {}", mtu + 32))));
        return;
    }
    findings.add(
        Verdict::problem, id, "", arrived.empty() ? "nothing arrives: " + reason : reason,
        fmt::format(
            "`{}` must get an answer on the RDMA network; if it does, look at firewalls between the hosts (UDP 4791, "
            "TCP to the control ports) and at flow.* on both",
            ping(own, peer, "")));
}

double goodput_of(const DirectionMeasured& direction) {
    double most = 0;
    for (const SizeMeasured& size : direction.sizes) {
        if (size.requests != 0 && size.seconds > 0)
            most = std::max(most, static_cast<double>(size.bytes) * 8e-9 / size.seconds);
    }
    return most;
}

void check_goodput(const EndFacts& own, const EndFacts& peer, const std::string& way,
                   const DirectionMeasured& direction, Findings& findings) {
    const double goodput = goodput_of(direction);
    if (goodput <= 0) return;
    const double rate = std::min(own.gigabits, peer.gigabits);
    const std::string found = fmt::format("{:.2f} Gb/s", goodput);
    if (own.software || peer.software || rate <= 0) {
        findings.ok("peer.goodput", way, found + "; software has no rate to compare with");
        return;
    }
    const std::string share = fmt::format("{}, {:.0f} % of {:g} Gb/s", found, 100 * goodput / rate, rate);
    if (goodput >= kGoodShare * rate) {
        findings.ok("peer.goodput", way, share);
    } else {
        findings.add(Verdict::warning, "peer.goodput", way, share,
                     "look at pcie.link, pcie.relaxed_ordering, numa.affinity, port.mtu and port.errors on both ends; "
                     "compare with "
                     "ib_write_bw, and with `remit bench --concurrency 8`");
    }
}

void check_latency(const EndFacts& own, const EndFacts& peer, const std::string& way,
                   const DirectionMeasured& direction, Findings& findings) {
    if (direction.sizes.empty() || direction.sizes.front().requests == 0) return;
    const SizeMeasured& smallest = direction.sizes.front();
    const std::string found = fmt::format("{:.1f} us for a request of {} B, control messages included (median of {})",
                                          smallest.seconds * 1e6, smallest.bytes, smallest.requests);
    if (own.software || peer.software || smallest.seconds <= kSlowRequest) {
        findings.ok("peer.latency", way, found);
    } else {
        findings.add(Verdict::warning, "peer.latency", way, found,
                     "look at numa.affinity and at the CPUs' power saving (cpupower frequency-set -g performance) on "
                     "both ends, and at "
                     "the control network's round trip (ping)");
    }
}

}  // namespace

std::vector<Finding> check_ends(const EndFacts& own, const EndFacts& peer) {
    Findings findings;
    if (!peer.problem.empty() || !own.problem.empty()) {
        findings.add(Verdict::problem, "peer.link", "",
                     !own.problem.empty() ? "this machine: " + own.problem : "the peer: " + peer.problem,
                     "`remit doctor` on that machine tells more");
        return findings.take();
    }
    const std::string both = end_text(own) + " here; " + end_text(peer) + " there";
    if (own.ethernet != peer.ethernet) {
        findings.add(Verdict::problem, "peer.link", "", both, "name devices of one kind on both ends with --device");
        return findings.take();
    }
    findings.ok("peer.link", "", both);
    const std::string gids = address_of(own) + " here; " + address_of(peer) + " there";
    const bool match = own.gid.empty() == peer.gid.empty() && is_ipv4(own.gid) == is_ipv4(peer.gid);
    if (match) {
        findings.ok("peer.gid", "", gids);
    } else {
        findings.add(Verdict::problem, "peer.gid", "", gids + ": not of one kind",
                     "give both network devices addresses of one kind (IPv4 or IPv6), or name a matching --gid-index "
                     "on both ends");
    }
    const std::string mtus = fmt::format("{} bytes here; {} there", own.mtu, peer.mtu);
    if (own.mtu == peer.mtu) {
        findings.ok("peer.mtu", "", mtus);
    } else {
        const EndFacts& lower = own.mtu < peer.mtu ? own : peer;
        findings.add(Verdict::warning, "peer.mtu", "", mtus + ": the smaller is used",
                     fmt::format("ip link set {} mtu 4200 {}", lower.netdev.empty() ? "DEV" : lower.netdev,
                                 own.mtu < peer.mtu ? "here" : "there"));
    }
    return findings.take();
}

std::vector<Finding> check_transfers(const EndFacts& own, const EndFacts& peer, const DirectionMeasured& received,
                                     const DirectionMeasured& sent) {
    Findings findings;
    check_direction("peer.receive", own, peer, received, findings);
    check_direction("peer.send", own, peer, sent, findings);
    check_goodput(own, peer, "received", received, findings);
    check_goodput(own, peer, "sent", sent, findings);
    check_latency(own, peer, "received", received, findings);
    check_latency(own, peer, "sent", sent, findings);
    return findings.take();
}

}  // namespace remit::tools::doctor
