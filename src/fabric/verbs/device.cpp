#include "fabric/verbs/device.hpp"

#include "fabric/verbs/inventory.hpp"
#include "fabric/verbs/options.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <remit/error.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

namespace remit::fabric::verbs {
namespace {

/// More scatter entries than a round's work request is ever cut into would only make send queues larger.
constexpr std::uint32_t kMaxPieces = 16;
/// Events kept until they are asked for; the rest wait in the kernel.
constexpr std::size_t kMaxEvents = 256;

void add_to_epoll(const Device& device, int epoll, int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) fail(device, "make events non-blocking", errno);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail(device, "watch events", errno);
}

std::optional<GpuNeighbourhood> neighbourhood(const std::string& gpu) {
    if (gpu.empty()) return std::nullopt;
    const std::filesystem::path sysfs = "/sys";
    auto place = topology::read_pci_device(sysfs, gpu);
    if (!place) {
        log().warn("GPU {} is not in /sys/bus/pci/devices, as in some containers: no NIC can be told to be near it", gpu);
        return std::nullopt;
    }
    return GpuNeighbourhood{std::move(*place), topology::read_gpus(sysfs)};
}

std::uint32_t positive(int value) {
    return static_cast<std::uint32_t>(std::max(value, 0));
}

}  // namespace

void fail(const Device& device, const std::string& what, int error, const std::string& hint) {
    throw Error(ErrorKind::environment, fmt::format("cannot {} on {}: {} ({}){}", what, device.name(),
                                                    std::generic_category().message(error), error, hint));
}

Device::Device(const VerbsOptions& options) : options_(options) {
    check(options);
    open(options);
    read_limits();
    domain_.reset(ibv_alloc_pd(context()));
    if (!domain_) fail(*this, "allocate a protection domain", errno);
    channel_.reset(ibv_create_comp_channel(context()));
    if (!channel_) fail(*this, "create a completion channel", errno);
    watch();
}

void Device::open(const VerbsOptions& options) {
    if (options.fork_init) {
        if (const int error = ibv_fork_init(); error != 0) {
            throw Error(ErrorKind::environment, "ibv_fork_init failed: " + std::generic_category().message(error) +
                                                    "; open the fabric before any other RDMA library registers memory");
        }
    }
    Inventory inventory = take_inventory();
    const LocalAddress local = find_local_address(options.local_ip);
    const DeviceChoice device = choose_device(inventory.devices, options.device, local, neighbourhood(options.near_pci));
    const DeviceInfo& info = inventory.devices[device.index];
    name_ = info.name;
    port_ = choose_port(info, options.port);
    gid_ = choose_gid(name_, port_, options.gid_index, local);
    mtu_ = choose_mtu(options.mtu, port_.mtu);
    context_ = std::move(inventory.contexts[device.index]);
    std::ifstream(std::filesystem::path(context_->device->ibdev_path) / "device" / "numa_node") >> numa_node_;
    log().info("RDMA device {} ({}; GID: {})", describe(), device.reason, gid_.reason);
}

void Device::read_limits() {
    ibv_device_attr attributes{};
    if (const int error = ibv_query_device(context(), &attributes); error != 0) fail(*this, "query limits", error);
    limits_.max_message = port_.max_message;
    limits_.max_pieces = std::min({positive(attributes.max_sge), kMaxPieces});
    limits_.max_queue_depth = positive(attributes.max_qp_wr);
    limits_.max_completions = positive(attributes.max_cqe);
    limits_.max_receives = positive(attributes.max_srq_wr);
    const int reads = std::min(attributes.max_qp_rd_atom, attributes.max_qp_init_rd_atom);
    reads_in_flight_ = static_cast<std::uint8_t>(std::clamp(reads, 0, 16));
}

void Device::watch() {
    wake_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
    if (!wake_.valid()) fail(*this, "create an epoll descriptor", errno);
    add_to_epoll(*this, wake_.get(), channel()->fd);
    add_to_epoll(*this, wake_.get(), context()->async_fd);
}

std::string Device::describe() const {
    const bool ethernet = port_.link_layer == LinkLayer::ethernet;
    const std::string address =
        is_zero(gid_.gid) ? fmt::format("LID {}", port_.lid) : fmt::format("GID {} {}", gid_.index, to_text(gid_.gid));
    return fmt::format("{} port {} {} {} MTU {}", name_, port_.number, ethernet ? "Ethernet" : "InfiniBand", address,
                       mtu_);
}

void Device::clear_wakeups() {
    ibv_cq* queue = nullptr;
    void* owner = nullptr;
    // Acknowledged at once: destroying a completion queue waits for events that were read and not acknowledged.
    while (ibv_get_cq_event(channel(), &queue, &owner) == 0) ibv_ack_cq_events(queue, 1);
    read_events();
}

std::optional<AsyncEvent> Device::next_event() {
    if (events_.empty()) read_events();
    if (events_.empty()) return std::nullopt;
    AsyncEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

void Device::read_events() {
    ibv_async_event event{};
    while (events_.size() < kMaxEvents && ibv_get_async_event(context(), &event) == 0) {
        events_.push_back(translate(event));
        ibv_ack_async_event(&event);
    }
}

AsyncEvent Device::translate(const ibv_async_event& event) const {
    AsyncEvent result;
    result.text = fmt::format("{}: {}", name_, ibv_event_type_str(event.event_type));
    switch (event.event_type) {
        case IBV_EVENT_QP_FATAL:
        case IBV_EVENT_QP_REQ_ERR:
        case IBV_EVENT_QP_ACCESS_ERR:
            result.kind = AsyncEvent::Kind::queue_pair_fatal;
            result.queue_pair = event.element.qp->qp_num;
            result.text += fmt::format(" (queue pair {})", result.queue_pair);
            break;
        case IBV_EVENT_PORT_ERR:
        case IBV_EVENT_PORT_ACTIVE:
            result.text += fmt::format(" (port {})", event.element.port_num);
            if (event.element.port_num != port_.number) break;
            result.kind =
                event.event_type == IBV_EVENT_PORT_ERR ? AsyncEvent::Kind::port_down : AsyncEvent::Kind::port_up;
            break;
        case IBV_EVENT_DEVICE_FATAL:
        case IBV_EVENT_CQ_ERR:
        case IBV_EVENT_SRQ_ERR: result.kind = AsyncEvent::Kind::device_fatal; break;
        default: break;
    }
    return result;
}

}  // namespace remit::fabric::verbs
