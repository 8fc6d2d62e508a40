#include "fake_nic.hpp"
#include "fixture.hpp"

#include "registration/pool_memory.hpp"
#include "registration/shared.hpp"

#include <functional>

/// A pool of a GPU from its allocation to its registration, over the product's own code on both sides: every call of
/// the driver and every call of verbs fails in turn. What may be gone round is, and said; all else is an error that names
/// the call; nothing stays behind.
namespace remit::registration::test {
namespace {

using gpu::test::fake;

constexpr std::uint64_t kMiB = 1u << 20;

struct Case {
    const char* name;
    MemoryOptions memory;
    GpuDirect setting;
    Staging staging;
    int driver_calls;
    int verbs_calls;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class PoolFailure : public testing::TestWithParam<Case> {
protected:
    /// The words of the error, or what the log would say; "" where all went well.
    static std::string make_pool() {
        const auto provider = gpu::test::open(GetParam().memory);
        FakeNic nic;
        try {
            const PoolMemory pool(*provider, nic,
                                  {"pool", kMiB, fabric::Access::remote_write, GetParam().setting, GetParam().staging});
            asked_ = fake().calls;
            return to_string(pool.path()) == "staged" && GetParam().setting != GpuDirect::staged ? "staged" : "";
        } catch (const Error& error) {
            return error.what();
        }
    }
    static std::string run() {
        asked_ = 1 << 30;
        try {
            return make_pool();
        } catch (const Error& error) {
            return error.what();
        }
    }
    static void expect_nothing_held() {
        EXPECT_EQ(fake().leaks(), "") << fake().failed_call;
        EXPECT_TRUE(fake_verbs().held.empty()) << fake_verbs().failed_call;
    }
    static inline int asked_ = 0;
};

TEST_P(PoolFailure, EachCallOfTheDriver) {
    int call = 0;
    for (;; ++call) {
        gpu::test::reset_fake();
        reset_fake_verbs();
        fake().fail_at = call;
        const std::string words = run();
        expect_nothing_held();
        if (fake().failed_call.empty()) {
            EXPECT_EQ(words, "");
            break;
        }
        // An attribute that is refused is said in the log; an export that is refused leaves the next way.
        const bool goes_round = fake().failed_call == "cuPointerSetAttribute" || fake().failed_call == "cuCtxPushCurrent" ||
                                fake().failed_call == "cuThreadExchangeStreamCaptureMode" ||
                                fake().failed_call == "cuMemGetHandleForAddressRange" ||
                                fake().failed_call == "cuPointerGetAttribute";
        const bool named = words.find(fake().failed_call) != std::string::npos;
        EXPECT_TRUE(named || call >= asked_ || goes_round) << fake().failed_call << " in: " << words;
    }
    EXPECT_GE(call, GetParam().driver_calls);
}

TEST_P(PoolFailure, EachCallOfVerbs) {
    int call = 0;
    for (;; ++call) {
        gpu::test::reset_fake();
        reset_fake_verbs();
        fake_verbs().fail_at = call;
        const std::string words = run();
        expect_nothing_held();
        if (fake_verbs().failed_call.empty()) break;
        const bool another_way = GetParam().setting == GpuDirect::automatic;
        if (another_way) {
            EXPECT_EQ(words, "");
        } else if (fake_verbs().failed_call != "ibv_reg_mr") {
            EXPECT_NE(words.find(fake_verbs().failed_call), std::string::npos) << words;
        } else {
            EXPECT_NE(words, "");
        }
    }
    EXPECT_EQ(call, GetParam().verbs_calls);
}

INSTANTIATE_TEST_SUITE_P(
    Pools, PoolFailure,
    testing::Values(Case{"automatic", {.kind = MemoryKind::cuda}, GpuDirect::automatic, Staging::mirrored, 22, 1},
                    Case{"dmabuf", {.kind = MemoryKind::cuda}, GpuDirect::dmabuf, Staging::none, 22, 1},
                    Case{"peermem", {.kind = MemoryKind::cuda}, GpuDirect::peermem, Staging::none, 20, 1},
                    Case{"staged", {.kind = MemoryKind::cuda}, GpuDirect::staged, Staging::mirrored, 22, 1},
                    Case{"virtual",
                         {.kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory},
                         GpuDirect::automatic,
                         Staging::mirrored,
                         25,
                         1}),
    [](const testing::TestParamInfo<Case>& tested) { return tested.param.name; });

TEST(PinnedRegions, GoInTheOrderRegionRegistrationMapping) {
    gpu::test::reset_fake();
    reset_fake_verbs();
    const auto provider = gpu::test::open();
    std::string log;
    {
        FakeNic nic;
        const PoolMemory pool(*provider, nic,
                              {"pool", kMiB, fabric::Access::remote_write, GpuDirect::staged, Staging::instead});
        EXPECT_EQ(fake().pinned.count(reinterpret_cast<void*>(pool.wire()->address())), 1U);
        fake_verbs().log.clear();
        fake().log.clear();
        fake().before_unregister = [] {
            EXPECT_EQ(fake_verbs().log, std::vector<std::string>{"ibv_dereg_mr"}) << "unregistered below a region";
        };
    }
    EXPECT_EQ(fake().log.back(), "cuMemHostUnregister");
}

TEST(SharedCudaMemory, IsRecheckedByItsBufferId) {
    gpu::test::reset_fake();
    reset_fake_verbs();
    const std::uint64_t base = fake().add(4 * kMiB).base;
    const auto provider = gpu::test::open();
    FakeNic nic;
    SharedRegistrations registrations(*provider, nic, GpuDirect::automatic);
    const auto tensor = registrations.adopt(gpu::test::pointer(base + 4096), kMiB, fabric::Access::local);
    ASSERT_NE(tensor->region_for_use(), nullptr);
    fake().replace(base);
    EXPECT_EQ(tensor->region_for_use(), nullptr);
}

}  // namespace
}  // namespace remit::registration::test
