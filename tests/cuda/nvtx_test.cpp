// Ranges as a profiler gets them: this program is its own, by NVTX's static injection.

#include <cstdint>

// By these two NVTX finds a profiler that is linked in; elsewhere it has a weak null.
#define NVTX_STATIC_INJECTION_IMPL
extern int (*InitializeInjectionNvtx2_fnptr)(const void* (*)(std::uint32_t));

#include "base/nvtx_range.hpp"

#include "fake_runtime.hpp"
#include "host/launcher.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

/// What the profiler was told, in order.
std::vector<std::string>& told() {
    static std::vector<std::string> all;
    return all;
}
char our_domain;  // an address
bool has_our_domain(nvtxDomainHandle_t domain) { return reinterpret_cast<char*>(domain) == &our_domain; }

extern "C" {
nvtxDomainHandle_t NVTX_API create_domain(const char* name) {
    told().push_back(std::string("domain ") + name);
    return reinterpret_cast<nvtxDomainHandle_t>(&our_domain);
}
int NVTX_API push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
    told().push_back((has_our_domain(domain) ? "begin " : "elsewhere ") + std::string(attributes->message.ascii));
    return 0;
}
int NVTX_API pop(nvtxDomainHandle_t domain) {
    told().emplace_back(has_our_domain(domain) ? "end" : "end elsewhere");
    return 0;
}

int NVTX_API attach(NvtxGetExportTableFunc_t tables) {
    const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(tables(NVTX_ETID_CALLBACKS));
    NvtxFunctionTable table = nullptr;
    unsigned int size = 0;
    if (callbacks == nullptr || callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) == 0) return 0;
    *table[NVTX_CBID_CORE2_DomainCreateA] = reinterpret_cast<NvtxFunctionPointer>(create_domain);
    *table[NVTX_CBID_CORE2_DomainRangePushEx] = reinterpret_cast<NvtxFunctionPointer>(push);
    *table[NVTX_CBID_CORE2_DomainRangePop] = reinterpret_cast<NvtxFunctionPointer>(pop);
    return 1;
}
}

}  // namespace

int (*InitializeInjectionNvtx2_fnptr)(const void* (*)(std::uint32_t)) = attach;

namespace remit::gpu::test {
namespace {

TEST(Nvtx, RangesNestInADomainOfTheirOwn) {
    { const NvtxRange first("first"); }  // the domain is made with it
    told().clear();
    {
        const NvtxRange outer("outer");
        const NvtxRange inner("inner");
    }
    EXPECT_EQ(told(), (std::vector<std::string>{"begin outer", "begin inner", "end", "end"}));
}

TEST(Nvtx, ALaunchOfACopyKernelIsARange) {
    reset_fake_runtime();
    LauncherOptions options;
    options.context = fake_context(0);
    std::unique_ptr<CopyLauncher> launcher;
    ASSERT_EQ(CopyLauncher::create(options, launcher), cudaSuccess);
    LaunchSlots slots;
    ASSERT_EQ(slots.create(1, 16), cudaSuccess);
    told().clear();
    const std::vector<memory::Copy> copies{{65536, 0, 64}};
    EXPECT_EQ(launcher->launch(copies, 1 << 20, slots[0], 1), cudaSuccess);
    ASSERT_GE(told().size(), 2U);
    EXPECT_EQ(told()[told().size() - 2], "begin launch of a copy kernel");
    EXPECT_EQ(told().back(), "end");
    launcher.reset();
    slots.release();
}

}  // namespace
}  // namespace remit::gpu::test
