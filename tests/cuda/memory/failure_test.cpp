#include "fixture.hpp"

#include <functional>
#include <limits>

/// Every call of the driver fails in turn, in everything that memory does: nothing stays behind, and the message names
/// the call.
namespace remit::gpu::test {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;

/// What came of an operation: the words of its error or refusal, "" where it went well.
using Operation = std::function<std::string()>;

struct Case {
    const char* name;
    Operation run;
    int calls;  ///< that it takes at least, so that a test of nothing does not pass
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

/// The calls made when an operation had its answer. Those after it are of destructors, which have nobody to tell.
int asked = 0;

std::string answer(std::string words) {
    asked = fake().calls;
    return words;
}

/// A tensor of somebody else's, who frees it in the end.
struct Tensor {
    std::uint64_t base = fake().add(4 * kMiB).base;
    ~Tensor() { EXPECT_EQ(fake().memory.erase(base), 1U); }
};

std::string adopt_and_export() {
    const Tensor tensor;
    const auto provider = open();
    const auto adopted = provider->adopt(pointer(tensor.base + 8192), kMiB);
    std::string refused = adopted->facts().gather_only;
    if (refused.empty()) refused = provider->prepare(*adopted);
    if (refused.empty()) refused = provider->export_dmabuf(*adopted, memory::Mapping::plain).refusal;
    if (refused.empty()) refused = provider->flush();
    return answer(refused);
}

std::string allocate(const MemoryOptions& options) {
    const auto provider = open(options);
    const auto buffer = provider->allocate(3 * kMiB);
    return answer(buffer->facts().gather_only);
}

std::string allocate_staged() {
    const auto provider = open();
    std::string note;
    const auto buffer = provider->allocate_reachable(kMiB, -1, note);
    return answer(note);
}

std::string check_a_sink() {
    const Tensor tensor;
    open()->require_reachable(pointer(tensor.base), kMiB, "the sink");
    return answer({});
}

class EveryCallFails : public testing::TestWithParam<Case> {};

TEST_P(EveryCallFails, NothingLeaksAndTheCallIsNamed) {
    int call = 0;
    for (;; ++call) {
        reset_fake();
        asked = std::numeric_limits<int>::max();
        fake().fail_at = call;
        std::string words;
        try {
            words = GetParam().run();
        } catch (const Error& error) {
            words = error.what();
            EXPECT_EQ(error.kind(), ErrorKind::environment) << words;
        }
        EXPECT_EQ(fake().leaks(), "") << "after call " << call << ", " << fake().failed_call;
        if (fake().failed_call.empty()) {
            EXPECT_EQ(words, "");
            break;
        }
        if (call >= asked) continue;
        EXPECT_NE(words.find(fake().failed_call), std::string::npos) << fake().failed_call << " in: " << words;
    }
    EXPECT_GE(call, GetParam().calls);
}

INSTANTIATE_TEST_SUITE_P(
    CudaMemory, EveryCallFails,
    testing::Values(Case{"plain", [] { return allocate({.kind = MemoryKind::cuda}); }, 16},
                    Case{"virtual",
                         [] {
                             return allocate({.kind = MemoryKind::cuda,
                                              .allocation = DeviceAllocation::virtual_memory});
                         },
                         21},
                    Case{"pinned", [] { return allocate({.kind = MemoryKind::pinned}); }, 14},
                    Case{"staged", allocate_staged, 14}, Case{"adopted", adopt_and_export, 25},
                    Case{"sink", check_a_sink, 16}),
    [](const testing::TestParamInfo<Case>& tested) { return tested.param.name; });

}  // namespace
}  // namespace remit::gpu::test
