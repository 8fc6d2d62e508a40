// What setting up costs beside the verbs calls it cannot do without, in turns on one device:
//   a pool's registration       against ibv_reg_mr() alone, over the same memory
//   a session's queue pair      against ibv_create_qp() and the three transitions to ready-to-send
//
//   remit_setup_cost DEVICE MEBIBYTES TURNS     prints JSON: seconds of each turn

#include "fabric/fabric.hpp"
#include "memory/host_buffer.hpp"
#include "memory/host_memory.hpp"
#include "pool/block_pool.hpp"

#include <infiniband/verbs.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace remit;
using Json = nlohmann::ordered_json;

double seconds_of(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string(what) + " failed");
}

/// The device without remit.
class Plain {
public:
    explicit Plain(const std::string& name) {
        int count = 0;
        ibv_device** const list = ibv_get_device_list(&count);
        for (int i = 0; i < count; ++i) {
            if (name == ibv_get_device_name(list[i])) context_.reset(ibv_open_device(list[i]));
        }
        ibv_free_device_list(list);
        require(context_ != nullptr, "opening the device");
        domain_.reset(ibv_alloc_pd(context_.get()));
        completions_.reset(ibv_create_cq(context_.get(), 16, nullptr, nullptr, 0));
        require(domain_ && completions_, "a domain and a completion queue");
    }

    double registration(void* memory, std::size_t bytes) {
        std::unique_ptr<ibv_mr, decltype(&ibv_dereg_mr)> region(nullptr, ibv_dereg_mr);
        const double seconds = seconds_of([&] {
            region.reset(ibv_reg_mr(domain_.get(), memory, bytes,
                                    IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_RELAXED_ORDERING));
        });
        require(region != nullptr, "ibv_reg_mr");
        return seconds;
    }

    /// @param like addresses that remit has picked for this device
    double queue_pair(const QueuePairAddress& like, int gid_index) {
        std::unique_ptr<ibv_qp, decltype(&ibv_destroy_qp)> pair(nullptr, ibv_destroy_qp);
        return seconds_of([&] {
            ibv_qp_init_attr wanted{};
            wanted.send_cq = wanted.recv_cq = completions_.get();
            wanted.qp_type = IBV_QPT_RC;
            wanted.cap = {8, 8, 1, 1, 0};
            pair.reset(ibv_create_qp(domain_.get(), &wanted));
            require(pair != nullptr, "ibv_create_qp");
            to_ready(*pair, like, gid_index);
        });
    }

private:
    static void to_ready(ibv_qp& pair, const QueuePairAddress& like, int gid_index) {
        ibv_qp_attr a{};
        a.qp_state = IBV_QPS_INIT;
        a.port_num = 1;
        a.qp_access_flags = IBV_ACCESS_REMOTE_WRITE;
        require(ibv_modify_qp(&pair, &a, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS) == 0, "INIT");
        a = {};
        a.qp_state = IBV_QPS_RTR;
        a.path_mtu = IBV_MTU_1024;
        a.dest_qp_num = like.number;
        a.min_rnr_timer = 12;
        a.ah_attr.is_global = 1;
        for (std::size_t i = 0; i < like.gid.size(); ++i) a.ah_attr.grh.dgid.raw[i] = like.gid[i];
        a.ah_attr.grh.sgid_index = static_cast<std::uint8_t>(gid_index);
        a.ah_attr.grh.hop_limit = 64;
        a.ah_attr.port_num = 1;
        require(ibv_modify_qp(&pair, &a, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
                                             IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER) == 0, "RTR");
        a = {};
        a.qp_state = IBV_QPS_RTS;
        a.timeout = 14;
        a.retry_cnt = 6;
        a.rnr_retry = 6;
        require(ibv_modify_qp(&pair, &a, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
                                             IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC) == 0, "RTS");
    }

    std::unique_ptr<ibv_context, decltype(&ibv_close_device)> context_{nullptr, ibv_close_device};
    std::unique_ptr<ibv_pd, decltype(&ibv_dealloc_pd)> domain_{nullptr, ibv_dealloc_pd};
    std::unique_ptr<ibv_cq, decltype(&ibv_destroy_cq)> completions_{nullptr, ibv_destroy_cq};
};

/// The index of the GID that remit has picked.
int gid_index_of(const std::string& device, const QueuePairAddress& like) {
    int count = 0;
    ibv_device** const list = ibv_get_device_list(&count);
    int found = -1;
    for (int i = 0; i < count; ++i) {
        if (device != ibv_get_device_name(list[i])) continue;
        ibv_context* const context = ibv_open_device(list[i]);
        for (int index = 0; context != nullptr && index < 256 && found < 0; ++index) {
            ibv_gid gid{};
            if (ibv_query_gid(context, 1, index, &gid) != 0) break;
            if (std::equal(like.gid.begin(), like.gid.end(), std::begin(gid.raw))) found = index;
        }
        ibv_close_device(context);
    }
    ibv_free_device_list(list);
    require(found >= 0, "finding the GID that remit has picked");
    return found;
}

Json measure(const std::string& device, std::size_t bytes, int turns) {
    fabric::VerbsOptions options;
    options.device = device;
    const auto fabric = fabric::open_verbs(options);
    const auto completions = fabric->create_completion_queue(64);
    const fabric::QueuePairOptions wanted{completions.get(), nullptr, nullptr, 8};
    const auto peer = fabric->create_queue_pair(wanted);
    Plain plain(device);
    const int gid_index = gid_index_of(device, peer->local());
    memory::HostBuffer memory(bytes);
    Json json{{"bytes", bytes}};
    for (int i = 0; i < turns; ++i) {
        json["ibv_reg_mr"].push_back(plain.registration(memory.data(), bytes));
        std::unique_ptr<fabric::MemoryRegion> region;
        json["register_pool"].push_back(seconds_of(
            [&] { region = fabric->register_memory(memory.data(), bytes, fabric::Access::remote_write); }));
        region.reset();
        json["plain_queue_pair"].push_back(plain.queue_pair(peer->local(), gid_index));
        std::unique_ptr<fabric::QueuePair> pair;
        json["queue_pair"].push_back(seconds_of([&] {
            pair = fabric->create_queue_pair(wanted);
            pair->connect(peer->local());
        }));
    }
    const Layout layout = Layout::multimodal({});
    const auto blocks = static_cast<std::uint32_t>(bytes / layout.block_bytes());
    memory::HostMemory provider;
    json["whole_pool"].push_back(seconds_of([&] {
        const pool::BlockPool pool(layout, blocks, provider, *fabric, {.access = fabric::Access::remote_write});
    }));
    return json;
}

}  // namespace

int main(int argc, char** argv) {
    const long mebibytes = argc == 4 ? std::strtol(argv[2], nullptr, 10) : 0;
    const long turns = argc == 4 ? std::strtol(argv[3], nullptr, 10) : 0;
    if (mebibytes < 2 || turns < 1) {
        std::cerr << "usage: remit_setup_cost DEVICE MEBIBYTES TURNS   (2 MiB and one turn at least)\n";
        return 2;
    }
    try {
        std::cout << measure(argv[1], static_cast<std::size_t>(mebibytes) << 20, static_cast<int>(turns)).dump() << std::endl;
    } catch (const std::exception& error) {
        std::cerr << "remit_setup_cost: " << error.what() << "\n";
        return 1;
    }
    return 0;
}
