#include "fixture.hpp"

#include <algorithm>

namespace remit::gpu::test {
namespace {

constexpr std::size_t kMiB = 1u << 20;

TEST_F(CudaMemoryTest, PlainMemoryIsOfWholeGranulesZeroedAndFreed) {
    {
        const auto provider = open();
        const auto buffer = provider->allocate(3 * kMiB);
        EXPECT_EQ(buffer->kind(), MemoryKind::cuda);
        EXPECT_EQ(buffer->bytes(), 3 * kMiB);
        EXPECT_EQ(buffer->address(), buffer->copy_address());
        EXPECT_TRUE(buffer->registrable());
        EXPECT_EQ(fake().memory.begin()->second.bytes, 4 * kMiB);
        EXPECT_EQ(fake().zeroed, std::vector{buffer->address()});
    }
    EXPECT_EQ(fake().leaks(), "");
}

TEST_F(CudaMemoryTest, ABufferOutlivesItsProvider) {
    auto provider = open();
    const auto buffer = provider->allocate(kMiB);
    provider.reset();
    EXPECT_EQ(fake().retained, 1);
}

TEST_F(CudaMemoryTest, VirtualMemoryIsAskedToBeCapable) {
    {
        const auto provider = open({.kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory});
        const auto buffer = provider->allocate(3 * kMiB);
        EXPECT_TRUE(buffer->registrable()) << buffer->facts().gather_only;
        EXPECT_EQ(fake().physical.begin()->second, 4 * kMiB);
        EXPECT_EQ(fake().zeroed.size(), 1U);
    }
    EXPECT_EQ(fake().leaks(), "");
}

TEST_F(CudaMemoryTest, ACapabilityNotGrantedMakesAGatherSource) {
    fake().grants_gpudirect = false;
    const auto provider = open({.kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory});
    expect_words(provider->allocate(kMiB)->facts().gather_only, {"not granted"});
    fake().attributes.erase(CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED);
    const auto other = open({.kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory});
    expect_words(other->allocate(kMiB)->facts().gather_only, {"no GPUDirect RDMA for cuMemCreate"});
}

TEST_F(CudaMemoryTest, PinnedMemoryIsPortableAndMappedNeverWriteCombined) {
    fake().pinned_alias_distance = 4096;
    {
        const auto provider = open({.kind = MemoryKind::pinned});
        const auto buffer = provider->allocate(kMiB);
        ASSERT_EQ(fake().pinned.size(), 1U);
        EXPECT_EQ(fake().pinned.begin()->second, unsigned{CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP});
        EXPECT_EQ(buffer->copy_address(), buffer->address() + 4096);
        const auto* bytes = reinterpret_cast<const unsigned char*>(buffer->address());
        EXPECT_TRUE(std::all_of(bytes, bytes + kMiB, [](unsigned char byte) { return byte == 0; }));
        EXPECT_EQ(provider->visibility(), memory::Visibility::at_completion);
    }
    EXPECT_EQ(fake().leaks(), "");
}

TEST_F(CudaMemoryTest, ANumaNodeThatIsNotThereIsSaid) {
    const auto provider = open();
    std::string note;
    const auto anywhere = provider->allocate_reachable(kMiB, -1, note);
    EXPECT_EQ(note, "");
    const auto nowhere = provider->allocate_reachable(kMiB, 1000, note);
    expect_words(note, {"NUMA node 1000"});
}

TEST_F(CudaMemoryTest, AnOrdinalThatIsNotThereIsRefused) {
    expect_words(refusal(ErrorKind::bad_argument, [] { open({.kind = MemoryKind::cuda, .device = 2}); }),
                 {"CUDA device is 2", "0 to 1"});
    expect_words(refusal(ErrorKind::bad_argument, [] { open({.kind = MemoryKind::cuda, .device = -1}); }), {"is -1"});
    fake().devices = 0;
    expect_words(refusal(ErrorKind::bad_argument, [] { open(); }), {"CUDA_VISIBLE_DEVICES"});
}

TEST_F(CudaMemoryTest, ItIsDescribedWithThePciAddressAsSysfsHasIt) {
    const auto provider = open();
    EXPECT_EQ(provider->pci_address(), "0000:1b:00.0");
    EXPECT_EQ(provider->describe(), "cuda:0 (Fake GPU, 0000:1b:00.0)");
}

TEST_F(CudaMemoryTest, TheCurrentContextAndTheCaptureModeAreLeftAsFound) {
    const auto users = reinterpret_cast<CUcontext>(std::uintptr_t{0x05e5});
    fake().contexts.push_back(users);
    const auto provider = open();
    const auto plain = provider->allocate(kMiB);
    const auto adopted = provider->adopt(pointer(plain->address()), kMiB);
    EXPECT_TRUE(provider->matches(*adopted));
    EXPECT_EQ(provider->flush(), "");
    EXPECT_EQ(fake().contexts, std::vector{users});
    EXPECT_EQ(fake().capture_mode, CU_STREAM_CAPTURE_MODE_GLOBAL);
}

TEST_F(CudaMemoryTest, WhenAWriteIsSeenFollowsFromTheDevice) {
    using memory::Visibility;
    DeviceFacts facts;
    const auto with = [&](int ordering, int options, bool dual_path) {
        facts.writes_ordering = ordering;
        facts.flush_options = options;
        facts.dual_path = dual_path;
        return visibility_of(facts);
    };
    const int host = CU_FLUSH_GPU_DIRECT_RDMA_WRITES_OPTION_HOST;
    EXPECT_EQ(with(200, 0, false), Visibility::at_completion);
    EXPECT_EQ(with(100, host, false), Visibility::at_completion);
    EXPECT_EQ(with(0, host, false), Visibility::after_flush);
    EXPECT_EQ(with(0, CU_FLUSH_GPU_DIRECT_RDMA_WRITES_OPTION_MEMOPS, false), Visibility::after_read_back);
    EXPECT_EQ(with(0, 0, false), Visibility::after_read_back);
    EXPECT_EQ(with(200, host, true), Visibility::after_read_back);
}

}  // namespace
}  // namespace remit::gpu::test
