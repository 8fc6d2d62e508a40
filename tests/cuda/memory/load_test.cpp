#include "fake_driver.hpp"

#include "driver/load.hpp"

#include <gtest/gtest.h>
#include <remit/error.hpp>

#include <dlfcn.h>

#include <map>

/// The look-up against a library of the test's own.
namespace remit::gpu::test {
namespace {

struct FakeLibrary {
    bool present = true;
    bool has_get_proc_address = true;
    int version = 13000;
    std::string without;                  ///< the function that the driver has not got
    std::map<std::string, int> asked;     ///< with the version asked for
    cuuint64_t flags = 99;
};

FakeLibrary library;

CUresult served_version(int* version) {
    *version = library.version;
    return CUDA_SUCCESS;
}

CUresult get_proc_address(const char* symbol, void** function, int version, cuuint64_t flags,
                          CUdriverProcAddressQueryResult* found) {
    library.asked[symbol] = version;
    library.flags = flags;
    *found = symbol == library.without ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT : CU_GET_PROC_ADDRESS_SUCCESS;
    *function = nullptr;
    if (symbol == library.without) return CUDA_SUCCESS;
    const Driver& functions = fake_driver();
    const std::string name = symbol;
#define REMIT_FIND(member, which, since) \
    if (name == #which) *function = reinterpret_cast<void*>(functions.member);
    REMIT_DRIVER_CALLS(REMIT_FIND)
    REMIT_OPTIONAL_DRIVER_CALLS(REMIT_FIND)
#undef REMIT_FIND
    return CUDA_SUCCESS;
}

void* open_fake(const char* name) {
    return library.present && std::string(name) == "libcuda.so.1" ? &library : nullptr;
}

void* find_in_fake(void*, const char* symbol) {
    const std::string name = symbol;
    if (name == "cuDriverGetVersion") return reinterpret_cast<void*>(served_version);
    if (name == "cuGetProcAddress_v2" && library.has_get_proc_address) return reinterpret_cast<void*>(get_proc_address);
    return nullptr;
}

std::map<std::string, int> all_calls() {
    std::map<std::string, int> calls;
#define REMIT_NOTE(member, symbol, since) calls[#symbol] = since;
    REMIT_DRIVER_CALLS(REMIT_NOTE)
    REMIT_OPTIONAL_DRIVER_CALLS(REMIT_NOTE)
#undef REMIT_NOTE
    return calls;
}

class DriverLookUp : public testing::Test {
protected:
    void SetUp() override {
        library = FakeLibrary();
        reset_fake();
    }
    static Driver load() { return load_driver({open_fake, find_in_fake}, 13000); }
    static std::string refusal() {
        try {
            static_cast<void>(load());
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::environment);
            return error.what();
        }
        return "loaded";
    }
    static void expect_words(const std::string& text, const std::vector<std::string>& words) {
        for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << text;
    }
};

TEST_F(DriverLookUp, EachFunctionIsAskedForInTheVersionOfItsType) {
    const Driver driver = load();
    EXPECT_EQ(library.asked, all_calls());
    EXPECT_EQ(library.asked.at("cuMemAlloc"), 3020);
    EXPECT_EQ(library.asked.at("cuDevicePrimaryCtxRelease"), 11000);
    EXPECT_EQ(library.flags, static_cast<cuuint64_t>(CU_GET_PROC_ADDRESS_DEFAULT));
    EXPECT_EQ(driver.version, 13000);
    EXPECT_NE(driver.context_set_flags, nullptr);
}

TEST_F(DriverLookUp, AMachineWithoutADriverIsToldSo) {
    library.present = false;
    expect_words(refusal(), {"no NVIDIA driver", "libcuda.so.1", "install the driver", "--memory host"});
}

TEST_F(DriverLookUp, ADriverTooOldIsNamedWithBothVersions) {
    library.version = 12040;
    expect_words(refusal(), {"CUDA 12.4", "needs 13.0", "update the driver"});
}

TEST_F(DriverLookUp, ADriverFromBeforeTheLookUpIsTooOld) {
    library.has_get_proc_address = false;
    expect_words(refusal(), {"needs 13.0"});
}

TEST_F(DriverLookUp, TheOldestDriverIsTheFirstOfTheToolkitsMajorVersion) {
    EXPECT_EQ(oldest_driver(12040), 12000);
    EXPECT_EQ(oldest_driver(12090), 12000);
    EXPECT_EQ(oldest_driver(13020), 13000);
}

TEST_F(DriverLookUp, EachMissingFunctionIsNamed) {
    for (const auto& [symbol, version] : all_calls()) {
        SCOPED_TRACE(symbol);
        library.without = symbol;
        if (symbol == "cuCtxSetFlags") {
            EXPECT_EQ(load().context_set_flags, nullptr);
        } else {
            expect_words(refusal(), {symbol});
        }
    }
}

TEST_F(DriverLookUp, ADriverWithoutADeviceIsNamedByItsError) {
    fake().fail_at = 0;
    expect_words(refusal(), {"cuInit", "CUDA_ERROR_UNKNOWN", "/dev/nvidia"});
}

TEST_F(DriverLookUp, ThisMachinesOwnIsFoundOrNamedAsMissing) {
    if (::dlopen("libcuda.so.1", RTLD_LAZY) != nullptr) GTEST_SKIP() << "this machine has a driver";
    EXPECT_THROW(static_cast<void>(driver()), Error);
    EXPECT_THROW(static_cast<void>(driver()), Error);
}

}  // namespace
}  // namespace remit::gpu::test
