#include "child.hpp"

#include "fabric/status.hpp"

#include <gtest/gtest.h>
#include <infiniband/verbs.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <remit/error.hpp>

#include <array>
#include <cerrno>

namespace remit::fabric::test {
namespace {

std::string message_of(const std::function<void()>& call, ErrorKind kind = ErrorKind::environment) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
}

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
}

VerbsOptions first_device() {
    VerbsOptions options;
    options.device = device_name(0);
    return options;
}

std::string refusal(const VerbsOptions& options, ErrorKind kind = ErrorKind::environment) {
    return message_of([&] { static_cast<void>(open_verbs(options)); }, kind);
}

TEST(VerbsDevice, TheIpv4GidIsChosenNotTheFirst) {
    run_in_child([] {
        const auto addresses = words_of("REMIT_RDMA_ADDRESSES", "10.77.0.1 10.77.0.2");
        const auto fabric = open_verbs(first_device());
        EXPECT_EQ(fabric->kind(), "verbs");
        EXPECT_EQ(fabric->device(), device_name(0));
        expect_parts(fabric->describe(), {device_name(0), "Ethernet", "::ffff:" + addresses.at(0), "MTU"});
        EXPECT_GE(fabric->limits().max_message, 1U << 20U);
        EXPECT_GE(fabric->limits().max_pieces, 2U);
    });
}

TEST(VerbsDevice, TheOwnerOfTheLocalAddressIsChosen) {
    run_in_child([] {
        const auto addresses = words_of("REMIT_RDMA_ADDRESSES", "10.77.0.1 10.77.0.2");
        for (std::size_t i = 0; i < 2; ++i) {
            VerbsOptions options;
            options.local_ip = addresses.at(i);
            EXPECT_EQ(open_verbs(options)->device(), device_name(i));
        }
        VerbsOptions elsewhere;
        elsewhere.local_ip = "127.0.0.1";
        EXPECT_NO_THROW(static_cast<void>(open_verbs(elsewhere)));
    });
}

TEST(VerbsDevice, ALinkLocalGidIsTakenWhereItIsNamed) {
    run_in_child([] {
        VerbsOptions options = first_device();
        options.gid_index = 0;
        expect_parts(open_verbs(options)->describe(), {"GID 0 fe80::"});
    });
}

TEST(VerbsDevice, RefusalsNameWhatIsThere) {
    run_in_child([] {
        VerbsOptions options;
        options.device = "mlx5_77";
        expect_parts(refusal(options), {"\"mlx5_77\"", device_name(0), device_name(1)});
        options = first_device();
        options.gid_index = 255;
        expect_parts(refusal(options), {"255", "10.77.0.1"});
        options = first_device();
        options.port = 9;
        expect_parts(refusal(options, ErrorKind::bad_argument), {"no port 9"});
        options = first_device();
        options.local_ip = "somewhere";
        expect_parts(refusal(options, ErrorKind::bad_argument), {"somewhere"});
    });
}

/// Root is exempt from the limit unless it gives the capability up.
void drop_ipc_lock() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ASSERT_EQ(::syscall(SYS_capget, &header, data.data()), 0);
    data[0].effective &= ~(1U << CAP_IPC_LOCK);
    data[0].permitted &= ~(1U << CAP_IPC_LOCK);
    ASSERT_EQ(::syscall(SYS_capset, &header, data.data()), 0);
}

TEST(VerbsDevice, SmallMemlockIsNamedWithItsRemedy) {
    run_in_child([] {
        const auto fabric = open_verbs(first_device());
        std::vector<std::byte> memory(4U << 20U);
        const rlimit limit{65536, 65536};
        ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
        drop_ipc_lock();
        const std::string text = message_of(
            [&] { static_cast<void>(fabric->register_memory(memory.data(), memory.size(), Access::remote_write)); });
        expect_parts(text, {device_name(0), "4194304 bytes", "RLIMIT_MEMLOCK is 65536 bytes", "ulimit -l unlimited",
                            "LimitMEMLOCK=infinity"});
        EXPECT_NO_THROW(static_cast<void>(fabric->register_memory(memory.data(), 4096, Access::remote_write)));
    });
}

TEST(VerbsDevice, UnmappedMemoryIsNamed) {
    run_in_child([] {
        const auto fabric = open_verbs(first_device());
        void* nowhere = ::mmap(nullptr, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(nowhere, MAP_FAILED);
        expect_parts(message_of([&] { static_cast<void>(fabric->register_memory(nowhere, 65536, Access::local)); }),
                     {"65536 bytes", "not mapped"});
    });
}

/// Soft-RoCE has no dma-buf: whatever the descriptor is, the kernel's answer is that, and no error of ours.
TEST(VerbsDevice, DmabufIsRefusedAsNotSupported) {
    run_in_child([] {
        const auto fabric = open_verbs(first_device());
        const int descriptor = ::memfd_create("remit test", MFD_CLOEXEC);
        ASSERT_GE(descriptor, 0);
        ASSERT_EQ(::ftruncate(descriptor, 1 << 20), 0);
        const Registered refused =
            fabric->register_dmabuf({descriptor, 52, 65536, 0x7f00'0000'0034, false}, Access::remote_write);
        EXPECT_EQ(refused.region, nullptr);
        EXPECT_EQ(refused.error, EOPNOTSUPP);
        EXPECT_TRUE(refused.unsupported);
        expect_parts(refused.refusal, {"ibv_reg_dmabuf_mr", device_name(0), "not supported", "(95)"});
        EXPECT_FALSE(fabric->takes_pcie_mapping());
        ::close(descriptor);
    });
}

/// What a kernel without a peer memory module says of an address that is no memory of the process.
TEST(VerbsDevice, PeerMemoryIsRefusedWithItsRemedy) {
    run_in_child([] {
        const auto fabric = open_verbs(first_device());
        const Registered refused = fabric->register_peer_memory(0x7eff'0000'0000, 65536, Access::remote_write);
        EXPECT_EQ(refused.region, nullptr);
        EXPECT_TRUE(refused.unsupported);
        expect_parts(refused.refusal, {"ibv_reg_mr", device_name(0), "nvidia-peermem"});
    });
}

TEST(VerbsDevice, LimitsOfTheDeviceAreNamed) {
    run_in_child([] {
        const auto fabric = open_verbs(first_device());
        const Limits& limits = fabric->limits();
        const auto completions = fabric->create_completion_queue(16);
        expect_parts(message_of([&] { static_cast<void>(fabric->create_receive_queue(limits.max_receives + 1)); }),
                     {std::to_string(limits.max_receives)});
        const QueuePairOptions deep{completions.get(), nullptr, nullptr, limits.max_queue_depth + 1};
        expect_parts(message_of([&] { static_cast<void>(fabric->create_queue_pair(deep)); }),
                     {std::to_string(limits.max_queue_depth)});
    });
}

TEST(VerbsStatus, WordsAreThoseOfTheLibrary) {
    for (std::uint32_t number = 0; number <= IBV_WC_TM_RNDV_INCOMPLETE; ++number) {
        EXPECT_STREQ(status::words(number), ibv_wc_status_str(static_cast<ibv_wc_status>(number))) << number;
    }
}

}  // namespace
}  // namespace remit::fabric::test
