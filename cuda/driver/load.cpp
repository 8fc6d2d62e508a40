#include "driver/load.hpp"

#include <remit/error.hpp>

#include <dlfcn.h>

namespace remit::gpu {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";
constexpr const char* kRemedy = "; --memory host needs no GPU";

void* open_library(const char* name) { return ::dlopen(name, RTLD_NOW | RTLD_LOCAL); }
void* find_symbol(void* library, const char* symbol) { return ::dlsym(library, symbol); }

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorKind::environment, what + kRemedy); }

[[noreturn]] void fail_too_old(int version, int oldest) {
    const std::string has = version == 0 ? "an unknown version" : version_text(version);
    fail("the NVIDIA driver serves CUDA " + has + ", and this build (toolkit " + version_text(CUDA_VERSION) + ") needs " +
         version_text(oldest) + " or later: update the driver, or build with an older toolkit");
}

[[noreturn]] void fail_missing(int version, const char* symbol, int since) {
    fail("the NVIDIA driver (CUDA " + version_text(version) + ") has no " + symbol + " of version " +
         version_text(since) + ": is " + kLibrary + " that of the driver?");
}

int served_version(const LibraryCalls& calls, void* library) {
    const auto get_version =
        reinterpret_cast<PFN_cuDriverGetVersion_v2020>(calls.find(library, "cuDriverGetVersion"));
    int version = 0;
    if (get_version == nullptr || get_version(&version) != CUDA_SUCCESS) return 0;
    return version;
}

/// Asks for the function of exactly that version; null where the driver has none.
template <class Function>
Function ask(PFN_cuGetProcAddress_v12000 get, const char* symbol, int version) {
    void* function = nullptr;
    CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    const CUresult result = get(symbol, &function, version, CU_GET_PROC_ADDRESS_DEFAULT, &found);
    if (result != CUDA_SUCCESS || found != CU_GET_PROC_ADDRESS_SUCCESS) return nullptr;
    return reinterpret_cast<Function>(function);
}

}  // namespace

LibraryCalls system_library_calls() noexcept { return {open_library, find_symbol}; }

Driver load_driver(const LibraryCalls& calls, int oldest) {
    // Never closed: others in the process may use it, and unloading a driver ends badly.
    void* library = calls.open(kLibrary);
    if (library == nullptr) fail(std::string("no NVIDIA driver: ") + kLibrary + " is not found; install the driver");
    Driver driver;
    driver.version = served_version(calls, library);
    if (driver.version < oldest) fail_too_old(driver.version, oldest);
    const auto get = reinterpret_cast<PFN_cuGetProcAddress_v12000>(calls.find(library, "cuGetProcAddress_v2"));
    if (get == nullptr) fail_too_old(driver.version, oldest);
    // The symbol is a macro of cuda.h, often: it is pasted and quoted here and nowhere handed on.
#define REMIT_DRIVER_REQUIRED(member, symbol, since)                              \
    driver.member = ask<PFN_##symbol##_v##since>(get, #symbol, since);            \
    if (driver.member == nullptr) fail_missing(driver.version, #symbol, since);
#define REMIT_DRIVER_OPTIONAL(member, symbol, since) driver.member = ask<PFN_##symbol##_v##since>(get, #symbol, since);
    REMIT_DRIVER_CALLS(REMIT_DRIVER_REQUIRED)
    REMIT_OPTIONAL_DRIVER_CALLS(REMIT_DRIVER_OPTIONAL)
#undef REMIT_DRIVER_REQUIRED
#undef REMIT_DRIVER_OPTIONAL
    require(driver, "cuInit", driver.init(0), "is there a GPU, and may this user open /dev/nvidia*? --memory host needs none");
    return driver;
}

const Driver& driver() {
    static const Driver loaded = load_driver(system_library_calls(), oldest_driver(CUDA_VERSION));
    return loaded;
}

}  // namespace remit::gpu
