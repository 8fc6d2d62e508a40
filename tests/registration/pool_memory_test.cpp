#include "fake_gpu.hpp"
#include "fake_nic.hpp"
#include "log_lines.hpp"

#include "memory/host_memory.hpp"
#include "registration/pool_memory.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace remit::registration::test {
namespace {

using fabric::Access;

class Pool : public testing::Test {
protected:
    void SetUp() override { reset_fake_verbs(); }
    static void no_way_but_staging() {
        fake_verbs().dmabuf_error = EOPNOTSUPP;
        fake_verbs().peermem_error = EFAULT;
    }
    static PoolMemoryOptions options(Staging staging, GpuDirect setting = GpuDirect::automatic) {
        return {"pool", 8192, Access::remote_write, setting, staging};
    }

    FakeGpu gpu_;
};

TEST_F(Pool, ReachedMemoryIsItsOwnWire) {
    const LogLines log;
    FakeNic nic;
    {
        const PoolMemory pool(gpu_, nic, options(Staging::mirrored));
        EXPECT_EQ(pool.path(), Path::dmabuf);
        EXPECT_EQ(pool.wire(), &pool.blocks());
        EXPECT_FALSE(pool.mirrored());
        EXPECT_EQ(pool.visibility(), memory::Visibility::after_flush);
        EXPECT_EQ(gpu_.pinned, 0);
    }
    EXPECT_EQ(gpu_.held, 0);
    ASSERT_EQ(log.lines().size(), 1U) << "decided once a pool, said in one line";
    EXPECT_EQ(log.lines()[0], "pool: 8192 bytes of cuda:0 (fake) on mlx5_0: dmabuf");
}

TEST_F(Pool, AStagedPoolHasAMirrorForTheNic) {
    no_way_but_staging();
    const LogLines log;
    FakeNic nic;
    {
        const PoolMemory pool(gpu_, nic, options(Staging::mirrored));
        EXPECT_EQ(pool.path(), Path::staged);
        EXPECT_TRUE(pool.mirrored());
        EXPECT_EQ(pool.blocks().kind(), MemoryKind::cuda);
        ASSERT_NE(pool.wire(), nullptr);
        EXPECT_EQ(pool.wire()->kind(), MemoryKind::pinned);
        EXPECT_EQ(pool.region()->address(), pool.wire()->address());
        EXPECT_EQ(pool.visibility(), memory::Visibility::at_completion);
        EXPECT_EQ(gpu_.wanted_node, nic.numa_node());
        EXPECT_EQ(fake_verbs().held.size(), 1U);
    }
    EXPECT_EQ(gpu_.held, 0);
    EXPECT_TRUE(fake_verbs().held.empty());
    ASSERT_EQ(log.lines().size(), 1U);
    expect_words(log.lines()[0], {": staged (dmabuf: ibv_reg_dmabuf_mr", "; peermem: ibv_reg_mr", "; on the wrong node"});
}

TEST_F(Pool, StagingInsteadKeepsNoDeviceMemory) {
    no_way_but_staging();
    FakeNic nic;
    const PoolMemory pool(gpu_, nic, options(Staging::instead));
    EXPECT_EQ(gpu_.held, 1);
    EXPECT_EQ(gpu_.pinned, 1);
    EXPECT_EQ(pool.wire(), &pool.blocks());
    EXPECT_FALSE(pool.mirrored());
}

TEST_F(Pool, ForcedStagingAllocatesNoDeviceMemoryFirst) {
    FakeNic nic;
    const PoolMemory pool(gpu_, nic, options(Staging::instead, GpuDirect::staged));
    EXPECT_EQ(gpu_.next, FakeGpu().next);
    EXPECT_EQ(pool.path(), Path::staged);
}

TEST_F(Pool, AStagedSourcePoolIsNotRegistered) {
    FakeNic nic;
    const PoolMemory pool(gpu_, nic, options(Staging::none, GpuDirect::staged));
    EXPECT_EQ(pool.wire(), nullptr);
    EXPECT_EQ(pool.region(), nullptr);
    EXPECT_EQ(fake_verbs().calls, 0);
}

TEST_F(Pool, AdoptedMemoryThatMayOnlyBeGatheredFromSaysWhy) {
    const LogLines log;
    gpu_.gather_only = "memory of a CUDA memory pool";
    FakeNic nic;
    const std::uint64_t base = gpu_.add(1 << 20);
    const PoolMemory pool(gpu_, nic, gpu_.adopt(reinterpret_cast<const void*>(base), 4096), options(Staging::none));
    EXPECT_EQ(pool.path(), Path::staged);
    EXPECT_EQ(pool.wire(), nullptr);
    expect_words(log.lines().at(0), {"4096 bytes", "staged (memory of a CUDA memory pool)"});
}

TEST_F(Pool, HostMemoryIsRegisteredWhateverTheSetting) {
    memory::HostMemory host;
    FakeNic nic;
    const PoolMemory pool(host, nic, options(Staging::mirrored, GpuDirect::dmabuf));
    EXPECT_EQ(pool.path(), Path::host);
    EXPECT_EQ(pool.wire(), &pool.blocks());
}

TEST_F(Pool, ARefusalLeavesNothingBehind) {
    no_way_but_staging();
    FakeNic nic;
    EXPECT_THROW(PoolMemory(gpu_, nic, options(Staging::mirrored, GpuDirect::dmabuf)), Error);
    EXPECT_EQ(gpu_.held, 0);
    fake_verbs().fail_at = fake_verbs().calls + 2;  // the registration of the pinned memory itself
    EXPECT_THROW(PoolMemory(gpu_, nic, options(Staging::mirrored)), Error);
    EXPECT_EQ(gpu_.held, 0);
    EXPECT_TRUE(fake_verbs().held.empty());
}

TEST(HostMemoryKinds, MemoryOfAGpuPassedAsHostMemoryIsRefused) {
    const memory::HostMemory host([](const void*) noexcept -> std::optional<int> { return 3; });
    int value = 0;
    try {
        host.require_reachable(&value, sizeof value, "the source's embeddings");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_argument);
        expect_words(error.what(), {"the source's embeddings", "cuda:3", "the CPU cannot read"});
    }
    memory::HostMemory().require_reachable(&value, sizeof value, "the source");
}

TEST(HostMemoryKinds, AdoptedHostMemoryIsAGatherSource) {
    memory::HostMemory host;
    int value = 0;
    const auto buffer = host.adopt(&value, sizeof value);
    EXPECT_TRUE(buffer->adopted());
    EXPECT_FALSE(buffer->registrable());
    EXPECT_FALSE(host.export_dmabuf(*buffer, memory::Mapping::plain).descriptor.valid());
}

}  // namespace
}  // namespace remit::registration::test
