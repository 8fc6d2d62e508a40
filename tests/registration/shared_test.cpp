#include "fake_gpu.hpp"
#include "fake_nic.hpp"
#include "log_lines.hpp"

#include "registration/shared.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace remit::registration::test {
namespace {

using fabric::Access;

constexpr std::size_t kMiB = 1u << 20;

class Shared : public testing::Test {
protected:
    void SetUp() override {
        reset_fake_verbs();
        base_ = gpu_.add(8 * kMiB);
    }
    auto adopt(std::uint64_t offset, std::size_t bytes, Access access = Access::local) {
        return registrations_.adopt(reinterpret_cast<const void*>(base_ + offset), bytes, access);
    }
    static std::size_t registered() { return fake_verbs().held.size(); }

    FakeGpu gpu_;
    FakeNic nic_;
    SharedRegistrations registrations_{gpu_, nic_, GpuDirect::automatic};
    std::uint64_t base_ = 0;
};

TEST_F(Shared, AdoptingAgainSharesAndCounts) {
    auto first = adopt(0, kMiB);
    auto second = adopt(0, kMiB);
    EXPECT_EQ(first, second);
    EXPECT_EQ(registered(), 1U);
    first.reset();
    EXPECT_EQ(registered(), 1U) << "one in use was dropped";
    EXPECT_NE(second->region_for_use(), nullptr);
    second.reset();
    EXPECT_EQ(registered(), 0U);
    EXPECT_EQ(registrations_.size(), 0U);
    EXPECT_EQ(gpu_.held, 0);
    EXPECT_EQ(gpu_.allocations.size(), 1U) << "adopted memory was freed";
}

TEST_F(Shared, APartSharesTheWhole) {
    const auto whole = adopt(0, 4 * kMiB);
    EXPECT_EQ(adopt(kMiB, kMiB), whole);
    EXPECT_EQ(registered(), 1U);
}

TEST_F(Shared, WhatLapsOverMakesOneOfBoth) {
    const auto low = adopt(0, 2 * kMiB);
    const auto both = adopt(kMiB, 2 * kMiB);
    EXPECT_NE(both, low);
    EXPECT_EQ(both->buffer().address(), base_);
    EXPECT_EQ(both->buffer().bytes(), 3 * kMiB);
    EXPECT_EQ(registered(), 2U) << "the first is in use";
    EXPECT_NE(low->region_for_use(), nullptr);
    EXPECT_EQ(adopt(2 * kMiB, kMiB), both);
}

TEST_F(Shared, NeighboursThatDoNotTouchAreTwo) {
    const auto low = adopt(0, kMiB);
    const auto high = adopt(kMiB, kMiB);
    EXPECT_NE(low, high);
    EXPECT_EQ(registered(), 2U);
}

TEST_F(Shared, MoreAccessIsAnotherRegistrationAndKeepsTheFirstsRange) {
    const auto local = adopt(0, 2 * kMiB);
    const auto remote = adopt(kMiB, kMiB, Access::remote_write);
    EXPECT_NE(local, remote);
    EXPECT_EQ(adopt(kMiB, kMiB, Access::local), local);
    EXPECT_EQ(adopt(0, kMiB, Access::remote_write), remote);
}

TEST_F(Shared, MemoryAllocatedAnewAtTheSameAddressIsNotShared) {
    const auto old = adopt(0, kMiB);
    ASSERT_NE(old->region_for_use(), nullptr);
    gpu_.allocations.at(base_).id += 1000;
    EXPECT_EQ(old->region_for_use(), nullptr) << "it reaches the old pages";
    const auto renewed = adopt(0, kMiB);
    EXPECT_NE(renewed, old);
    EXPECT_NE(renewed->region_for_use(), nullptr);
    EXPECT_EQ(registered(), 2U) << "the old one is in use";
    EXPECT_EQ(adopt(0, kMiB), renewed);
}

TEST_F(Shared, ARangeOverFreedMemoryIsNotJoinedToIt) {
    const std::uint64_t next = gpu_.add(8 * kMiB);
    const auto across = adopt(7 * kMiB, 2 * kMiB);
    EXPECT_EQ(across->buffer().facts().allocations.size(), 2U);
    gpu_.allocations.at(next).id += 1000;
    const auto low = adopt(6 * kMiB, 2 * kMiB);
    EXPECT_EQ(low->buffer().bytes(), 2 * kMiB);
    EXPECT_NE(low->region_for_use(), nullptr);
    EXPECT_EQ(across->region_for_use(), nullptr);
}

TEST_F(Shared, WhatMayOnlyBeGatheredFromSaysWhyAndIsNotKept) {
    gpu_.gather_only = "managed memory";
    const auto source = adopt(0, kMiB);
    EXPECT_EQ(source->region_for_use(), nullptr);
    EXPECT_EQ(source->path(), Path::staged);
    EXPECT_EQ(source->refusals(), "managed memory");
    EXPECT_EQ(registrations_.size(), 0U);
}

TEST_F(Shared, WhatNoNicReachesIsAGatherSourceToo) {
    fake_verbs().dmabuf_error = EOPNOTSUPP;
    fake_verbs().peermem_error = EFAULT;
    const auto source = adopt(0, kMiB);
    EXPECT_EQ(source->region_for_use(), nullptr);
    expect_words(source->refusals(), {"ibv_reg_dmabuf_mr", "ibv_reg_mr"});
    fake_verbs().dmabuf_error = 0;
    EXPECT_NE(adopt(0, kMiB)->region_for_use(), nullptr) << "it was tried anew";
}

TEST_F(Shared, ARangeIsFoundWhereOneRegistrationHasAllOfIt) {
    const auto held = adopt(kMiB, 2 * kMiB);
    EXPECT_EQ(registrations_.find(base_ + kMiB, 2 * kMiB), held);
    EXPECT_EQ(registrations_.find(base_ + 2 * kMiB, kMiB), held);
    EXPECT_EQ(registrations_.find(base_ + 2 * kMiB, kMiB + 1), nullptr);
    EXPECT_EQ(registrations_.find(base_ + kMiB - 1, 2), nullptr);
    EXPECT_EQ(registrations_.find(base_ + 4 * kMiB, 1), nullptr);
    EXPECT_EQ(registrations_.find(base_ + 2 * kMiB, ~std::uint64_t{0}), nullptr);
}

TEST_F(Shared, NothingIsFoundThatWasFreedOrThatNobodyHolds) {
    auto held = adopt(0, kMiB);
    gpu_.allocations.at(base_).id += 1;
    EXPECT_EQ(registrations_.find(base_, kMiB), nullptr);
    gpu_.allocations.at(base_).id -= 1;
    EXPECT_NE(registrations_.find(base_, kMiB), nullptr);
    held.reset();
    EXPECT_EQ(registrations_.find(base_, kMiB), nullptr);
}

}  // namespace
}  // namespace remit::registration::test
