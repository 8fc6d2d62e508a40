#include "worker/open.hpp"

#include "base/memory_kind.hpp"
#include "config/check.hpp"
#include "fabric/rails.hpp"

#include <remit/error.hpp>
#include <remit/types.hpp>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace remit::worker {
namespace {

/// "host", "pinned:0", "cuda:0".
std::string memory_name(const MemoryOptions& options) {
    const std::string_view kind = to_string(options.kind);
    return options.kind == MemoryKind::host ? std::string(kind) : fmt::format("{}:{}", kind, options.device);
}

/// "a,b" as {"a", "b"}; "" as {""}, a device that is to be chosen.
std::vector<std::string> rail_names(const std::string& devices) {
    std::vector<std::string> names;
    std::size_t begin = 0;
    for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
        end = devices.find(',', begin);
        names.push_back(devices.substr(begin, end == std::string::npos ? end : end - begin));
    }
    return names;
}

void check_rails(const FabricOptions& o) {
    std::vector<std::string> names = rail_names(o.device);
    const std::size_t count = names.size();
    std::sort(names.begin(), names.end());
    const bool twice = std::adjacent_find(names.begin(), names.end()) != names.end();
    if (count == 1 || (count <= kMaxRails && !twice && !names.front().empty())) return;
    throw Error(ErrorKind::bad_argument, fmt::format("fabric.device is \"{}\"; permitted: one name, or up to {} different "
                                                     "ones separated by commas",
                                                     o.device, kMaxRails));
}

void check_pool(const MemoryOptions& o) {
    if (o.pool == nullptr && o.pool_size == 0) return;
    if (o.pool == nullptr || o.pool_size == 0 || o.kind != MemoryKind::cuda) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("memory.pool is {} with memory.pool_size {} and memory of kind {}; permitted: memory of a "
                                "GPU, with its bytes, and kind cuda; or null and 0",
                                o.pool, o.pool_size, memory_name(o)));
    }
}

std::unique_ptr<fabric::Fabric> open_rail(const FabricOptions& options, const std::string& device,
                                          const std::string& local_ip, const std::string& near_pci) {
    fabric::VerbsOptions verbs;
    verbs.device = device;
    verbs.local_ip = local_ip;
    verbs.near_pci = near_pci;
    verbs.gid_index = options.gid_index;
    verbs.port = options.port;
    verbs.mtu = options.mtu;
    verbs.traffic_class = options.traffic_class;
    verbs.service_level = options.service_level;
    verbs.pkey_index = options.pkey_index;
    verbs.timeout = options.timeout;
    verbs.retry_count = options.retry_count;
    verbs.rnr_retry = options.rnr_retry;
    verbs.relaxed_ordering = options.relaxed_ordering;
    verbs.fork_init = options.fork_init;
    return fabric::open_verbs(verbs);
}

}  // namespace

pool::BlockPool open_pool(const Layout& layout, std::uint32_t blocks, memory::Provider& provider, fabric::Fabric& fabric,
                          const MemoryOptions& options, const registration::PoolMemoryOptions& how) {
    if (options.pool == nullptr) return {layout, blocks, provider, fabric, how};
    return {layout, blocks, provider, fabric, provider.adopt(options.pool, options.pool_size), how};
}

void require_pool(const memory::Provider& provider, const pool::BlockPool& pool) {
    const memory::Buffer& blocks = pool.memory().blocks();
    // What is only gathered from has no registration that could reach old pages, and need not have an id to tell it by.
    if (!blocks.registrable() || provider.matches(blocks)) return;
    throw Error(ErrorKind::misuse,
                "the framework's memory that the pool lies in was freed since the worker was made, and its registration "
                "reaches the old pages: the memory must stay until the worker is gone");
}

memory::ExecutorOptions executor_options(const MemoryOptions& options, memory::ExecutorOptions asked) {
    asked.block_budget = options.sm_budget;
    asked.priority = options.stream_priority;
    return asked;
}

bool is_staged(const MemoryOptions& options, registration::Path path) {
    return options.kind == MemoryKind::cuda && path == registration::Path::staged;
}

DataPath data_path(const MemoryOptions& options, registration::Path path, const memory::CopyExecutor& copies) {
    const bool host = path == registration::Path::host;
    return {memory_name(options), host ? "none" : std::string(registration::to_string(path)), std::string(copies.means())};
}

void check_options(const EmbeddingWorkerOptions& options) {
    config::check(options);
    check_rails(options.fabric);
    check_pool(options.memory);
}

void check_options(const LanguageWorkerOptions& options) {
    config::check(options);
    check_rails(options.fabric);
    check_pool(options.memory);
}

void check_options(const MemoryOptions& options) {
    config::check(options);
    check_pool(options);
}

void check_drain(std::chrono::milliseconds drain) {
    if (drain.count() >= 0 && drain <= std::chrono::hours(24)) return;
    throw Error(ErrorKind::bad_argument, fmt::format("drain is {}; permitted: 0 to 86400000", drain.count()));
}

std::unique_ptr<fabric::Fabric> open_fabric(const FabricOptions& options, const std::string& local_ip,
                                            const std::string& near_pci) {
    std::vector<std::unique_ptr<fabric::Fabric>> rails;
    if (options.kind == FabricKind::loopback) {
        while (rails.size() < options.loopback_rails) rails.push_back(fabric::open_loopback(options.loopback_network));
    } else {
        for (const std::string& name : rail_names(options.device)) {
            rails.push_back(open_rail(options, name, local_ip, near_pci));
        }
    }
    return fabric::join_rails(std::move(rails));
}

std::uint32_t rails_of(const FabricOptions& options) {
    if (options.kind == FabricKind::loopback) return options.loopback_rails;
    return static_cast<std::uint32_t>(rail_names(options.device).size());
}

std::unique_ptr<control::Channel> open_control(const ControlOptions& options, const LimitOptions& limits) {
    control::ChannelOptions channel;
    channel.listen = options.listen;
    channel.advertise = options.advertise;
    channel.keys = options.keys;
    channel.insecure = options.insecure;
    channel.outbox = limits.outbox;
    channel.max_message_bytes = limits.message_bytes;
    return control::open_zmq(channel);
}

void require_descriptors() {
    constexpr int kWanted = 48;  // sockets, threads and wake-ups of ZeroMQ, the RDMA device, eventfds, first peers
    std::vector<int> opened;
    while (opened.size() < kWanted) {
        const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) break;
        opened.push_back(descriptor);
    }
    for (const int descriptor : opened) ::close(descriptor);
    if (opened.size() == kWanted) return;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    throw Error(ErrorKind::environment,
                fmt::format("{} file descriptors are free, a worker wants {}; the limit is {}: raise it with "
                            "`ulimit -n 4096`, or LimitNOFILE= in systemd",
                            opened.size(), kWanted, limit.rlim_cur));
}

std::vector<std::string> rail_devices(const fabric::Fabric& fabric) {
    std::vector<std::string> devices;
    for (std::uint32_t rail = 0; rail < fabric.rails(); ++rail) devices.push_back(fabric.device_on(rail));
    return devices;
}

std::uint64_t random_identity() {
    std::random_device source;
    const std::uint64_t high = source();
    return ((high << 32 | source()) & kMaxRoomId) | 1;
}

}  // namespace remit::worker
