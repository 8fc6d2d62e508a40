#include "tools/doctor/catalogue.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace remit::tools::doctor {
namespace {

constexpr auto kCatalogue = std::to_array<CatalogueEntry>({
    {"device.present", "without an RDMA device there is nothing to write through"},
    {"device.driver", "an adapter whose RDMA driver is not loaded shows as a network card alone"},
    {"device.open", "a device that the process cannot open is as good as none"},
    {"device.transport", "remit ends a round with an RDMA write with immediate, which iWARP lacks"},
    {"device.firmware", "adapter makers ask for it first, and two ends with different ones behave differently"},
    {"device.choice", "the device a worker takes unless --device names another"},
    {"files.uverbs", "libibverbs opens a device through its file /dev/infiniband/uverbsN"},
    {"files.permissions", "a worker that does not run as root needs the right to read and write that file"},
    {"port.state", "only an ACTIVE port sends"},
    {"port.rate", "a link with fewer lanes than its neighbours is a cable or a socket that is not whole"},
    {"port.errors", "lost packets and links that fell are paid for with retries"},
    {"port.mtu", "each packet costs the same headers and work: small packets lower the goodput"},
    {"port.netdev", "RoCE goes through the network device: while that is down the port is down"},
    {"port.bond",
     "RoCE works over a bond only in modes that the adapter does itself, and at half the rate with one leg"},
    {"gid.table", "the addresses that peers can reach this port by"},
    {"gid.choice", "two ends can only talk if both take a GID of the same type that routes to the other"},
    {"memlock.limit", "all memory that a NIC reads or writes is pinned, which the kernel counts against this limit"},
    {"container.kind", "a container sees only the devices, rights and limits that it was given"},
    {"container.ipc_lock",
     "in a container the locked-memory limit binds root too, unless it has the capability IPC_LOCK"},
    {"container.rdma_cgroup", "the rdma cgroup bounds the queue pairs, queues and regions that a container may create"},
    {"container.netns", "a RoCE GID whose network device is in another network namespace cannot be used"},
    {"pcie.config", "relaxed ordering, request sizes and ACS are told in PCIe registers that root alone may read"},
    {"pcie.link", "a NIC whose slot carries less than its port never reaches the port's rate"},
    {"pcie.relaxed_ordering", "without relaxed ordering a fast NIC's writes wait for each other in the host bridge"},
    {"pcie.read_request", "small read requests keep a NIC from reading memory at the rate of its port"},
    {"pcie.acs",
     "ACS redirection sends the traffic between GPU and NIC through the host bridge instead of their switch"},
    {"pcie.iommu",
     "an IOMMU that translates costs a look-up each transfer and breaks peer-to-peer traffic on some machines"},
    {"numa.nic", "memory on another NUMA node than the NIC is reached over the link between the processors"},
    {"numa.affinity", "a worker whose threads run far from its NIC pays for every completion"},
    {"gpu.present", "GPU memory can be sent and received without a copy through the host"},
    {"gpu.driver", "without its driver a GPU's memory can neither be allocated nor exported"},
    {"gpu.nic", "a NIC below the same PCIe switch as the GPU reaches its memory without the host bridge"},
    {"gpu.dmabuf", "dma-buf is the way to register GPU memory that needs no further kernel module"},
    {"gpu.peermem", "nvidia-peermem lets a NIC reach GPU memory where dma-buf cannot"},
    {"gpu.direct", "where neither way works remit copies through pinned host memory: it works and takes a copy more"},
    {"gpu.bar", "a NIC reaches GPU memory through the BAR: what it cannot cover cannot be registered"},
    {"gpu.ordering", "whether data that a NIC wrote is seen by the GPU without a flush"},
    {"kernel.version", "registration of dma-bufs came with Linux 5.12"},
    {"kernel.huge_pages", "a pool on huge pages takes fewer entries of the NIC's translation table"},
    {"kernel.odp", "with on-demand paging memory need not be pinned; remit pins, so it needs none"},
    {"flow.pfc", "RoCE without priority flow control loses packets where traffic meets, and retries cost milliseconds"},
    {"flow.ecn", "with ECN a congested switch slows senders down before it drops"},
    {"net.firewall",
     "the control channel is TCP, RoCE v2 is UDP to port 4791: a rule that drops either looks like a hang"},
    {"net.port", "the worker's control endpoint needs a free port"},
    {"net.rp_filter",
     "strict reverse-path filtering drops what comes in on another device than the answer would leave by"},
    {"net.arp", "two RDMA networks in one subnet answer ARP for each other, and data takes the wrong rail"},
    {"limits.files", "each peer's sockets and each device take file descriptors"},
    {"clock.source", "a slow clock source makes every timestamp a system call, and latencies coarse"},
    {"peer.reach", "the two ends agree on a transfer over a control channel, which is TCP"},
    {"peer.link", "InfiniBand and Ethernet ports cannot talk to each other"},
    {"peer.gid", "a queue pair joins two GIDs of one kind, or two LIDs"},
    {"peer.mtu", "the larger of two MTUs is for nothing"},
    {"peer.receive", "real requests of each size, from the peer to this machine, every byte checked"},
    {"peer.send", "real requests of each size, from this machine to the peer, every byte checked"},
    {"peer.goodput", "what one request after the other reaches of the port's rate"},
    {"peer.latency", "what the shortest request takes: control messages, wake-ups, the wire"},
    {"clock.synchronised", "logs and traces of two hosts can be laid side by side only if their clocks agree"},
});

}  // namespace

std::span<const CatalogueEntry> catalogue() noexcept {
    return kCatalogue;
}

std::string why_of(std::string_view id) {
    const auto found = std::find_if(kCatalogue.begin(), kCatalogue.end(), [&](const auto& e) { return e.id == id; });
    if (found == kCatalogue.end()) throw std::logic_error("the catalogue has no \"" + std::string(id) + "\"");
    return std::string(found->why);
}

}  // namespace remit::tools::doctor
