#include "fixture.hpp"

namespace remit::gpu::test {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;

class Adoption : public CudaMemoryTest {
protected:
    std::string gather_only(std::uint64_t address, std::uint64_t bytes) {
        return open()->adopt(pointer(address), bytes)->facts().gather_only;
    }
    std::string refused(std::uint64_t address, std::uint64_t bytes) {
        const auto provider = open();
        return refusal(ErrorKind::bad_argument, [&] { static_cast<void>(provider->adopt(pointer(address), bytes)); });
    }
};

TEST_F(Adoption, ATensorInsideALargerAllocationIsKnownByIt) {
    const FakeMemory memory = fake().add(8 * kMiB);
    const auto provider = open();
    {
        const auto tensor = provider->adopt(pointer(memory.base + 5000), 3 * kMiB);
        EXPECT_TRUE(tensor->adopted());
        EXPECT_TRUE(tensor->registrable()) << tensor->facts().gather_only;
        EXPECT_EQ(tensor->address(), memory.base + 5000);
        const std::vector<memory::Allocation> expected{{memory.id, memory.base, 8 * kMiB}};
        EXPECT_EQ(tensor->facts().allocations, expected);
    }
    EXPECT_EQ(fake().memory.count(memory.base), 1U) << "adopted memory was freed";
}

TEST_F(Adoption, MemoryFreedAndAllocatedAnewIsNoLongerTheSame) {
    const std::uint64_t base = fake().add(2 * kMiB).base;
    const auto provider = open();
    const auto tensor = provider->adopt(pointer(base + 64), kMiB);
    EXPECT_TRUE(provider->matches(*tensor));
    fake().replace(base);
    EXPECT_FALSE(provider->matches(*tensor)) << "the address is the same, the pages are not";
    fake().memory.clear();
    EXPECT_FALSE(provider->matches(*tensor));
}

TEST_F(Adoption, MemoryThatWasResizedIsNoLongerTheSame) {
    const std::uint64_t base = fake().add(2 * kMiB).base;
    const auto provider = open();
    const auto tensor = provider->adopt(pointer(base), kMiB);
    fake().memory.at(base).bytes = 4 * kMiB;
    EXPECT_FALSE(provider->matches(*tensor));
}

TEST_F(Adoption, AnExpandableSegmentIsReadMappingByMapping) {
    // The driver shows the first mapping alone for the range of the tensor's first byte.
    const FakeMemory first = fake().add(2 * kMiB);
    const FakeMemory second = fake().add(2 * kMiB);
    const auto provider = open();
    const auto tensor = provider->adopt(pointer(first.base + kMiB), 2 * kMiB);
    ASSERT_EQ(tensor->facts().allocations.size(), 2U);
    EXPECT_EQ(tensor->facts().allocations[1].id, second.id);
    EXPECT_TRUE(tensor->registrable());
    fake().replace(second.base);
    EXPECT_FALSE(provider->matches(*tensor)) << "its second half is other memory now";
}

TEST_F(Adoption, ASegmentWithAnIncapableMappingIsAGatherSource) {
    const std::uint64_t base = fake().add(2 * kMiB).base;
    fake().add(2 * kMiB).capable = false;
    EXPECT_EQ(gather_only(base, 2 * kMiB), "");
    expect_words(gather_only(base, 3 * kMiB), {"not capable of GPUDirect RDMA"});
}

TEST_F(Adoption, ARangeWithAHoleIsRefused) {
    const std::uint64_t base = fake().add(2 * kMiB).base;
    fake().next_address += 2 * kMiB;
    fake().add(2 * kMiB);
    expect_words(refused(base, 3 * kMiB), {"CUDA does not know"});
}

TEST_F(Adoption, PoolMemoryThatIsNotCapableIsNamedAsSuch) {
    FakeMemory& memory = fake().add(2 * kMiB);
    memory.pooled = true;
    memory.capable = false;
    expect_words(gather_only(memory.base, kMiB), {"CUDA memory pool"});
}

TEST_F(Adoption, PoolMemoryThatIsCapableIsTaken) {
    FakeMemory& memory = fake().add(2 * kMiB);
    memory.pooled = true;
    EXPECT_EQ(gather_only(memory.base, kMiB), "");
}

TEST_F(Adoption, ManagedMemoryAndMemoryWithoutAnIdAreGatherSources) {
    FakeMemory& managed = fake().add(2 * kMiB);
    managed.managed = true;
    expect_words(gather_only(managed.base, kMiB), {"managed memory moves"});
    FakeMemory& nameless = fake().add(2 * kMiB);
    nameless.id = 0;
    expect_words(gather_only(nameless.base, kMiB), {"without a buffer id"});
}

TEST_F(Adoption, HostMemoryIsRefused) {
    int on_the_stack = 0;
    expect_words(refused(reinterpret_cast<std::uintptr_t>(&on_the_stack), 4), {"CUDA does not know", "cuda:0"});
    FakeMemory& pinned = fake().add(2 * kMiB);
    pinned.type = CU_MEMORYTYPE_HOST;
    expect_words(refused(pinned.base, kMiB), {"host memory, not memory of cuda:0"});
}

TEST_F(Adoption, MemoryOfAnotherDeviceIsRefusedWithBoth) {
    FakeMemory& memory = fake().add(2 * kMiB);
    memory.device = 1;
    expect_words(refused(memory.base, kMiB), {"memory of cuda:1, not of cuda:0"});
}

TEST_F(Adoption, NoBytesAndAWrapAreRefused) {
    const std::uint64_t base = fake().add(2 * kMiB).base;
    expect_words(refused(base, 0), {"0 bytes"});
    expect_words(refused(base, ~std::uint64_t{0}), {"wraps"});
}

TEST_F(Adoption, WhatKernelsReachIsChecked) {
    const auto provider = open();
    const auto check = [&](std::uint64_t address, std::uint64_t bytes) {
        return refusal(ErrorKind::bad_argument, [&] { provider->require_reachable(pointer(address), bytes, "the sink"); });
    };
    const std::uint64_t own = fake().add(2 * kMiB).base;
    EXPECT_EQ(check(own, 2 * kMiB), "");
    FakeMemory& pinned = fake().add(2 * kMiB);
    pinned.type = CU_MEMORYTYPE_HOST;
    pinned.alias = pinned.base;
    EXPECT_EQ(check(pinned.base, kMiB), "");
    pinned.alias = pinned.base + 4096;
    expect_words(check(pinned.base, kMiB), {"the sink", "another address"});
    FakeMemory& foreign = fake().add(2 * kMiB);
    foreign.device = 1;
    expect_words(check(foreign.base, kMiB), {"cuda:1"});
    int on_the_stack = 0;
    const auto pageable = reinterpret_cast<std::uintptr_t>(&on_the_stack);
    expect_words(check(pageable, 4), {"ordinary host memory", "pin it"});
    fake().attributes[CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS] = 1;
    open()->require_reachable(pointer(pageable), 4, "the sink");
}

}  // namespace
}  // namespace remit::gpu::test
