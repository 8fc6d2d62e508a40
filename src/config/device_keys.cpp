// Keys of the control channel, the fabric and the memory.

#include "base/memory_kind.hpp"
#include "base/queue_pair_address.hpp"
#include "config/tables.hpp"

namespace remit::config {
namespace {

std::pair<std::string, std::int64_t> named(MemoryKind kind) { return {std::string(to_string(kind)), as_number(kind)}; }

}  // namespace

void add_control_keys(std::vector<Key>& table) {
    using C = ControlOptions;
    using K = KeyOptions;
    const std::string endpoint = "tcp://ADDRESS:PORT with a numeric address";
    table.push_back(text("control.listen", in_both(&C::listen), endpoint, "where peers are heard; port 0: any free one"));
    table.push_back(text("control.advertise", in_both(&C::advertise), "a numeric address",
                         "address told to peers where control.listen is a wildcard"));
    Key returns = text("control.allowed_return_addresses", in_both(&C::allowed_return_addresses), "numeric addresses",
                       "return addresses accepted beside the one a message came from");
    returns.kind = Kind::list;
    table.push_back(std::move(returns));
    table.push_back(boolean("control.insecure", in_both(&C::insecure), "permits an address off loopback without keys"));
    table.push_back(text("control.keys.secret_key_file", in_both(&K::secret_key_file), "a file",
                         "own key pair, by `remit keygen`; turns encryption on"));
    table.push_back(text("control.keys.server_key_file", in_language(&K::server_key_file), "a file",
                         "language worker: public key of the embedding workers"));
    table.push_back(text("control.keys.allowed_keys", in_both(&K::allowed_keys), "a folder",
                         "public keys (*.pub) of peers that may connect"));
}

void add_fabric_keys(std::vector<Key>& table) {
    using F = FabricOptions;
    table.push_back(choice("fabric.kind", in_both(&F::kind),
                           {{"verbs", as_number(FabricKind::verbs)}, {"loopback", as_number(FabricKind::loopback)}},
                           "verbs: an RDMA device; loopback: inside one process"));
    table.push_back(text("fabric.device", in_both(&F::device),
                         "names of RDMA devices, 8 at most, with commas between them; empty: chosen",
                         "RDMA device, or rails as in \"mlx5_0,mlx5_1\""));
    table.push_back(integer("fabric.gid_index", in_both(&F::gid_index), -1, 255, "GID to use; -1: chosen"));
    table.push_back(integer("fabric.port", in_both(&F::port), 0, 255, "RDMA port; 0: the first active"));
    Key mtu = integer("fabric.mtu", in_both(&F::mtu), 0, 4096, "path MTU in bytes; 0: the port's");
    mtu.only = {0, 256, 512, 1024, 2048, 4096};
    table.push_back(std::move(mtu));
    table.push_back(integer("fabric.traffic_class", in_both(&F::traffic_class), 0, 255, "of what is sent"));
    table.push_back(integer("fabric.service_level", in_both(&F::service_level), 0, 15, "of what is sent"));
    table.push_back(integer("fabric.pkey_index", in_both(&F::pkey_index), 0, 65535, "partition key to use"));
    table.push_back(integer("fabric.timeout", in_both(&F::timeout), 1, 31,
                            "verbs ACK timeout exponent: 4.096 us * 2^timeout; not 0, which would wait for ever"));
    table.push_back(integer("fabric.retry_count", in_both(&F::retry_count), 0, 6, "sends again where no ACK comes"));
    table.push_back(integer("fabric.rnr_retry", in_both(&F::rnr_retry), 0, 6,
                            "sends again where the receiver is not ready; not 7, which would be for ever"));
    table.push_back(integer("fabric.send_queue_depth", in_both(&F::send_queue_depth), 4, 32768,
                            "work requests in flight a queue pair"));
    table.push_back(integer("fabric.queue_pairs", in_both(&F::queue_pairs), 1, 16,
                            "a session and rail; both sides use the smaller number"));
    table.push_back(boolean("fabric.relaxed_ordering", in_both(&F::relaxed_ordering),
                            "registers memory with relaxed PCIe ordering where the device takes it"));
    table.push_back(boolean("fabric.busy_poll", in_both(&F::busy_poll), "workers spin instead of sleeping: a core each"));
    table.push_back(duration("fabric.spin", in_both(&F::spin), 0, 10'000, 1,
                             "spins so long after the last movement, while data is on its way, before it sleeps"));
    table.push_back(boolean("fabric.fork_init", in_both(&F::fork_init), "makes verbs safe against fork()"));
    table.push_back(text("fabric.loopback_network", in_both(&F::loopback_network), "a name",
                         "workers of one process meet by it on fabric loopback"));
    table.push_back(integer("fabric.loopback_rails", in_both(&F::loopback_rails), 1, kMaxRails, "of fabric loopback"));
}

void add_memory_keys(std::vector<Key>& table) {
    using M = MemoryOptions;
    table.push_back(choice("memory.kind", in_both(&M::kind),
                           {named(MemoryKind::host), named(MemoryKind::pinned), named(MemoryKind::cuda)},
                           "where blocks and send regions lie"));
    table.push_back(integer("memory.device", in_both(&M::device), 0, 1023, "the GPU's number, for pinned and cuda"));
    table.push_back(choice("memory.gpu_direct", in_both(&M::gpu_direct),
                           {{"auto", as_number(GpuDirect::automatic)},
                            {"dmabuf", as_number(GpuDirect::dmabuf)},
                            {"peermem", as_number(GpuDirect::peermem)},
                            {"staged", as_number(GpuDirect::staged)}},
                           "how the RDMA device reaches memory of a GPU"));
    table.push_back(integer("memory.sm_budget", in_both(&M::sm_budget), 0, 65536,
                            "thread blocks that a copy kernel has at most; 0: 8 for each NIC"));
    table.push_back(integer("memory.stream_priority", in_both(&M::stream_priority), -128, 128,
                            "of the copies' stream; lower goes first"));
    table.push_back(choice("memory.allocation", in_both(&M::allocation),
                           {{"plain", as_number(DeviceAllocation::plain)},
                            {"virtual_memory", as_number(DeviceAllocation::virtual_memory)}},
                           "how memory of a GPU is allocated: as by cudaMalloc or by cuMemCreate"));
    table.push_back(boolean("memory.context_sync_memops", in_both(&M::context_sync_memops),
                            "sets CU_CTX_SYNC_MEMOPS on the whole context where memory refuses it for itself"));
}

}  // namespace remit::config
