#include "fake_gpu.hpp"
#include "fake_nic.hpp"
#include "log_lines.hpp"

#include "registration/chain.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace remit::registration::test {
namespace {

using fabric::Access;

class Chain : public testing::Test {
protected:
    void SetUp() override { reset_fake_verbs(); }

    Outcome run(GpuDirect setting, Access access = Access::remote_write) {
        nic_.emplace();
        buffer_ = gpu_.allocate(10000);
        return register_buffer(gpu_, *nic_, *buffer_, access, setting);
    }
    std::string refusal(GpuDirect setting) {
        try {
            static_cast<void>(run(setting));
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::environment);
            return error.what();
        }
        return {};
    }

    FakeGpu gpu_;
    std::optional<FakeNic> nic_;
    std::unique_ptr<memory::Buffer> buffer_;
};

TEST_F(Chain, DmabufComesFirst) {
    const Outcome outcome = run(GpuDirect::automatic);
    EXPECT_EQ(outcome.path, Path::dmabuf);
    EXPECT_EQ(outcome.refusals, "");
    ASSERT_EQ(fake_verbs().made.size(), 1U);
    EXPECT_EQ(fake_verbs().made[0].call, "ibv_reg_dmabuf_mr");
    EXPECT_EQ(fake_verbs().made[0].address, buffer_->address());
    EXPECT_EQ(outcome.region->address(), buffer_->address()) << "not the offset that ibv_mr::addr shows";
    EXPECT_EQ(outcome.region->length(), 10000U);
    EXPECT_EQ(gpu_.prepared, 1);
}

TEST_F(Chain, ARangeInsideAPageKeepsItsOffset) {
    const std::uint64_t base = gpu_.add(1 << 20);
    nic_.emplace();
    const auto tensor = gpu_.adopt(reinterpret_cast<const void*>(base + 4096 + 52), 5000);
    const Outcome outcome = register_buffer(gpu_, *nic_, *tensor, Access::local, GpuDirect::dmabuf);
    EXPECT_EQ(fake_verbs().made.at(0).offset, 52U);
    EXPECT_EQ(fake_verbs().made.at(0).bytes, 5000U);
    EXPECT_EQ(fake_verbs().made.at(0).address % 4096, 52U) << "address and offset share their place in the page";
    EXPECT_EQ(outcome.region->address(), base + 4096 + 52);
}

TEST_F(Chain, ThePcieMappingIsTakenWhereBothSidesKnowIt) {
    fake_verbs().has_mlx5 = true;
    EXPECT_EQ(run(GpuDirect::automatic).path, Path::dmabuf) << "the driver does not know it";
    gpu_.pcie = true;
    EXPECT_EQ(run(GpuDirect::automatic).path, Path::dmabuf_pcie);
    EXPECT_EQ(fake_verbs().made.back().call, "mlx5dv_reg_dmabuf_mr");
    EXPECT_EQ(fake_verbs().made.back().mlx5_access, 1);
    fake_verbs().has_mlx5 = false;
    EXPECT_EQ(run(GpuDirect::automatic).path, Path::dmabuf) << "the NIC does not take it";
    EXPECT_EQ(fake_verbs().made.back().call, "ibv_reg_dmabuf_mr");
}

TEST_F(Chain, APcieMappingThatIsRefusedFallsToThePlainOneExportedAnew) {
    fake_verbs().has_mlx5 = true;
    fake_verbs().mlx5_error = EINVAL;
    gpu_.pcie = true;
    const Outcome outcome = run(GpuDirect::dmabuf);
    EXPECT_EQ(outcome.path, Path::dmabuf);
    expect_words(outcome.refusals, {"dmabuf-pcie", "mlx5dv_reg_dmabuf_mr", "(22)"});
    EXPECT_EQ(gpu_.exported, 2) << "a descriptor with the PCIe mapping must not reach the plain call";
}

TEST_F(Chain, APcieDescriptorNeverReachesThePlainCall) {
    nic_.emplace();
    const fabric::DmabufRange range{0, 0, 4096, 4096, true};
    EXPECT_THROW(static_cast<void>(nic_->register_dmabuf(range, Access::local)), Error);
    EXPECT_EQ(fake_verbs().calls, 0);
}

TEST_F(Chain, PeermemComesSecondAndSaysWhyNotFirst) {
    fake_verbs().dmabuf_error = EOPNOTSUPP;
    const Outcome outcome = run(GpuDirect::automatic);
    EXPECT_EQ(outcome.path, Path::peermem);
    expect_words(outcome.refusals, {"dmabuf: ibv_reg_dmabuf_mr", "mlx5_0", "(95)"});
    EXPECT_EQ(outcome.region->address(), buffer_->address());
}

TEST_F(Chain, StagedComesLastAndSaysWhyNoOther) {
    gpu_.export_refusal = "cuMemGetHandleForAddressRange: CUDA_ERROR_NOT_SUPPORTED (801)";
    fake_verbs().peermem_error = EFAULT;
    const Outcome outcome = run(GpuDirect::automatic);
    EXPECT_EQ(outcome.path, Path::staged);
    EXPECT_EQ(outcome.region, nullptr);
    expect_words(outcome.refusals, {"dmabuf: cuMemGetHandleForAddressRange", "801", "; peermem: ibv_reg_mr",
                                    "nvidia-peermem loaded"});
}

TEST_F(Chain, ADeviceWithoutDmabufIsNotAsked) {
    gpu_.dmabuf = false;
    const Outcome outcome = run(GpuDirect::automatic);
    EXPECT_EQ(outcome.path, Path::peermem);
    EXPECT_EQ(gpu_.exported, 0);
    expect_words(outcome.refusals, {"dmabuf: the driver exports none"});
}

TEST_F(Chain, AForcedWayIsTheOnlyOneTried) {
    EXPECT_EQ(run(GpuDirect::peermem).path, Path::peermem);
    EXPECT_EQ(gpu_.exported, 0);
    EXPECT_EQ(run(GpuDirect::staged).path, Path::staged);
    EXPECT_EQ(fake_verbs().calls, 1);
    EXPECT_EQ(gpu_.prepared, 1) << "memory that no NIC reaches keeps its attributes";
}

TEST_F(Chain, AForcedWayThatIsRefusedIsAnErrorThatNamesTheRemedy) {
    fake_verbs().dmabuf_error = EOPNOTSUPP;
    fake_verbs().peermem_error = EFAULT;
    expect_words(refusal(GpuDirect::dmabuf), {"cuda:0", "mlx5_0", "--gpu-direct dmabuf", "ibv_reg_dmabuf_mr", "(95)",
                                              "docs/gpu.md"});
    expect_words(refusal(GpuDirect::peermem), {"--gpu-direct peermem", "ibv_reg_mr", "(14)"});
}

TEST_F(Chain, AForcedPathLeadsToItselfAgain) {
    EXPECT_EQ(forced(run(GpuDirect::automatic).path), GpuDirect::dmabuf);
    EXPECT_EQ(forced(Path::dmabuf_pcie), GpuDirect::dmabuf);
    EXPECT_EQ(forced(Path::peermem), GpuDirect::peermem);
    EXPECT_EQ(forced(Path::staged), GpuDirect::staged);
}

TEST_F(Chain, AccessAndRelaxedOrderingReachTheCall) {
    static_cast<void>(run(GpuDirect::dmabuf, Access::remote_read_write));
    const unsigned access = fake_verbs().made.back().access;
    EXPECT_EQ(access, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
                          IBV_ACCESS_RELAXED_ORDERING);
    fake_verbs().refuses_relaxed_ordering = true;
    EXPECT_EQ(run(GpuDirect::peermem, Access::local).path, Path::peermem);
    EXPECT_EQ(fake_verbs().made.back().access, static_cast<unsigned>(IBV_ACCESS_LOCAL_WRITE));
}

TEST_F(Chain, WhatMustNotBeRegisteredIsNot) {
    gpu_.gather_only = "memory that is not capable";
    const std::uint64_t base = gpu_.add(1 << 20);
    nic_.emplace();
    const auto tensor = gpu_.adopt(reinterpret_cast<const void*>(base), 5000);
    EXPECT_THROW(static_cast<void>(register_buffer(gpu_, *nic_, *tensor, Access::local, GpuDirect::automatic)), Error);
    EXPECT_EQ(fake_verbs().calls, 0);
}

TEST_F(Chain, PinnedMemoryIsRegisteredAsItIs) {
    nic_.emplace();
    std::string note;
    const auto pinned = gpu_.allocate_reachable(8192, 0, note);
    const Outcome outcome = register_buffer(gpu_, *nic_, *pinned, Access::remote_write, GpuDirect::dmabuf);
    EXPECT_EQ(outcome.path, Path::host);
    EXPECT_EQ(fake_verbs().made.at(0).call, "ibv_reg_mr");
    EXPECT_EQ(gpu_.prepared, 0);
}

TEST_F(Chain, NothingStaysRegisteredAndNoDescriptorOpen) {
    const auto descriptors = [] { return ::dup(0); };
    const int before = descriptors();
    ::close(before);
    {
        const Outcome outcome = run(GpuDirect::automatic);
        EXPECT_EQ(fake_verbs().held.size(), 1U);
        const int during = descriptors();
        EXPECT_EQ(during, before) << "the device holds the dma-buf, not the process";
        ::close(during);
    }
    EXPECT_TRUE(fake_verbs().held.empty());
}

}  // namespace
}  // namespace remit::registration::test
