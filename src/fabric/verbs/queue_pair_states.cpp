#include "fabric/verbs/queue_pair_states.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace remit::fabric::verbs {
namespace {

constexpr std::uint32_t kTwentyFourBits = 0xffffff;

void step(const Device& device, ibv_qp* queue_pair, ibv_qp_attr& attributes, int mask, const char* name) {
    const int error = ibv_modify_qp(queue_pair, &attributes, mask);
    if (error == 0) return;
    fail(device, fmt::format("move queue pair {} to {}", queue_pair->qp_num, name), error,
         error == ETIMEDOUT ? ": the peer's address does not answer ARP; look at routes and addresses" : "");
}

ibv_mtu mtu_code(std::uint32_t bytes) {
    if (!std::has_single_bit(bytes) || bytes < 256 || bytes > 4096) {
        throw Error(ErrorKind::refused, fmt::format("the peer's path MTU is {} bytes; permitted: a power of two from "
                                                    "256 to 4096",
                                                    bytes));
    }
    return static_cast<ibv_mtu>(std::bit_width(bytes) - 8);
}

ibv_ah_attr route(const Device& device, const QueuePairAddress& local, const QueuePairAddress& remote) {
    ibv_ah_attr address{};
    address.dlid = remote.lid;
    address.sl = device.options().service_level;
    address.port_num = device.port().number;
    const bool ethernet = device.port().link_layer == LinkLayer::ethernet;
    if (ethernet && is_zero(remote.gid)) {
        throw Error(ErrorKind::environment, device.name() +
                                                " is RoCE and the peer sent no GID: is the peer on "
                                                "InfiniBand, or without a usable GID?");
    }
    if (is_zero(local.gid) || is_zero(remote.gid)) return address;
    address.is_global = 1;
    std::memcpy(address.grh.dgid.raw, remote.gid.data(), remote.gid.size());
    address.grh.sgid_index = static_cast<std::uint8_t>(device.gid().index);
    address.grh.hop_limit = device.options().hop_limit;
    address.grh.traffic_class = device.options().traffic_class;
    return address;
}

}  // namespace

void to_init(const Device& device, ibv_qp* queue_pair) {
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_INIT;
    attributes.pkey_index = device.options().pkey_index;
    attributes.port_num = device.port().number;
    attributes.qp_access_flags = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;
    step(device, queue_pair, attributes, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS, "INIT");
}

void to_ready_to_receive(const Device& device, ibv_qp* queue_pair, const QueuePairAddress& local,
                         const QueuePairAddress& remote) {
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_RTR;
    attributes.ah_attr = route(device, local, remote);
    attributes.path_mtu = mtu_code(std::min(local.mtu, remote.mtu));
    attributes.dest_qp_num = remote.number & kTwentyFourBits;
    attributes.rq_psn = remote.psn & kTwentyFourBits;
    attributes.max_dest_rd_atomic = device.reads_in_flight();
    attributes.min_rnr_timer = device.options().min_rnr_timer;
    step(device, queue_pair, attributes,
         IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
             IBV_QP_MIN_RNR_TIMER,
         "RTR");
}

void to_ready_to_send(const Device& device, ibv_qp* queue_pair, const QueuePairAddress& local) {
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_RTS;
    attributes.sq_psn = local.psn & kTwentyFourBits;
    attributes.timeout = device.options().timeout;
    attributes.retry_cnt = device.options().retry_count;
    attributes.rnr_retry = device.options().rnr_retry;
    attributes.max_rd_atomic = device.reads_in_flight();
    step(device, queue_pair, attributes,
         IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_MAX_QP_RD_ATOMIC,
         "RTS");
}

int to_error_state(ibv_qp* queue_pair) noexcept {
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_ERR;
    return ibv_modify_qp(queue_pair, &attributes, IBV_QP_STATE);
}

}  // namespace remit::fabric::verbs
