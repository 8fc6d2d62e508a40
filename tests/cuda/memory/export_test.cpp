#include "fixture.hpp"

#include <sys/stat.h>

namespace remit::gpu::test {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;

TEST_F(CudaMemoryTest, AnExportIsRoundedOutAndKeepsTheOffset) {
    const FakeMemory memory = fake().add(4 * kMiB);
    const auto provider = open();
    const auto tensor = provider->adopt(pointer(memory.base + 3 * 4096 + 100), kMiB);
    const memory::Export exported = provider->export_dmabuf(*tensor, memory::Mapping::plain);
    ASSERT_TRUE(exported.descriptor.valid()) << exported.refusal;
    EXPECT_EQ(fake().export_base, memory.base + 3 * 4096);
    EXPECT_EQ(fake().export_bytes, kMiB + 4096);
    EXPECT_EQ(exported.offset, 100U);
    EXPECT_EQ(fake().export_flags, 0U);
    struct stat status {};
    ASSERT_EQ(::fstat(exported.descriptor.get(), &status), 0);
    EXPECT_EQ(status.st_size, static_cast<off_t>(kMiB + 4096));
}

TEST_F(CudaMemoryTest, AnExportOfWholePagesIsThatRange) {
    const auto provider = open();
    const auto buffer = provider->allocate(8192);
    const memory::Export exported = provider->export_dmabuf(*buffer, memory::Mapping::plain);
    EXPECT_EQ(fake().export_base, buffer->address());
    EXPECT_EQ(fake().export_bytes, 8192U);
    EXPECT_EQ(exported.offset, 0U);
}

TEST_F(CudaMemoryTest, ADriverThatRefusesIsQuotedWithTheRemedy) {
    fake().export_result = CUDA_ERROR_NOT_SUPPORTED;
    const auto provider = open();
    const auto buffer = provider->allocate(kMiB);
    const memory::Export exported = provider->export_dmabuf(*buffer, memory::Mapping::plain);
    EXPECT_FALSE(exported.descriptor.valid());
    expect_words(exported.refusal, {"cuMemGetHandleForAddressRange", "801", "open kernel modules", "5.12"});
}

TEST_F(CudaMemoryTest, ThePcieMappingNeedsADriverThatKnowsIt) {
    EXPECT_EQ(open()->exports(memory::Mapping::pcie), CUDA_VERSION >= 12080);
    fake().version = 12040;
    const auto provider = open();
    EXPECT_TRUE(provider->exports(memory::Mapping::plain));
    EXPECT_FALSE(provider->exports(memory::Mapping::pcie));
    fake().attributes.erase(CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED);
    EXPECT_FALSE(open()->exports(memory::Mapping::plain));
}

#if CUDA_VERSION >= 12080
TEST_F(CudaMemoryTest, ThePcieMappingIsAskedForByItsFlag) {
    const auto provider = open();
    const auto buffer = provider->allocate(kMiB);
    ASSERT_TRUE(provider->export_dmabuf(*buffer, memory::Mapping::pcie).descriptor.valid());
    EXPECT_EQ(fake().export_flags, 1U);
}
#endif

TEST_F(CudaMemoryTest, EachRegisteredRangeGetsSyncMemops) {
    const auto provider = open();
    const auto buffer = provider->allocate(kMiB);
    EXPECT_EQ(provider->prepare(*buffer), "");
    EXPECT_TRUE(fake().find(buffer->address())->sync_memops);
    const FakeMemory first = fake().add(2 * kMiB);
    const FakeMemory second = fake().add(2 * kMiB);
    const auto segment = provider->adopt(pointer(first.base), 4 * kMiB);
    EXPECT_EQ(provider->prepare(*segment), "");
    EXPECT_TRUE(fake().find(second.base)->sync_memops) << "the second mapping of a segment";
}

TEST_F(CudaMemoryTest, VirtualMemoryRefusesItAndTheContextIsLeftAlone) {
    const auto provider = open({.kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory});
    const auto buffer = provider->allocate(kMiB);
    expect_words(provider->prepare(*buffer), {"cuPointerSetAttribute", "801", "context_sync_memops"});
    EXPECT_EQ(fake().context_flags, 0U);
}

TEST_F(CudaMemoryTest, TheContextsFlagIsSetOnlyWhereAskedFor) {
    const MemoryOptions options{
        .kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory, .context_sync_memops = true};
    fake().context_flags = CU_CTX_MAP_HOST;
    const auto provider = open(options);
    const auto buffer = provider->allocate(kMiB);
    expect_words(provider->prepare(*buffer), {"CU_CTX_SYNC_MEMOPS is set"});
    EXPECT_EQ(fake().context_flags, unsigned{CU_CTX_MAP_HOST} | CU_CTX_SYNC_MEMOPS);
}

TEST_F(CudaMemoryTest, AnOldDriverCannotSetTheContextsFlag) {
    fake().version = 12000;
    const auto provider = open(
        {.kind = MemoryKind::cuda, .allocation = DeviceAllocation::virtual_memory, .context_sync_memops = true});
    const auto buffer = provider->allocate(kMiB);
    expect_words(provider->prepare(*buffer), {"needs a driver of CUDA 12.1"});
}

TEST_F(CudaMemoryTest, PinnedMemoryNeedsNoPreparation) {
    const auto provider = open({.kind = MemoryKind::pinned});
    const auto buffer = provider->allocate(kMiB);
    fake().log.clear();
    EXPECT_EQ(provider->prepare(*buffer), "");
    EXPECT_TRUE(fake().log.empty());
}

}  // namespace
}  // namespace remit::gpu::test
