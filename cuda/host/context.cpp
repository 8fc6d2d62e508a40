#include "host/context.hpp"

namespace remit::gpu {
namespace {

// The types that these entry points had in 4.0, which is the version they are asked for with.
constexpr unsigned kVersion = 4000;
using GetCurrent = int (*)(CUctx_st**);
using SetCurrent = int (*)(CUctx_st*);

cudaError_t find(const char* name, void** function) noexcept {
    cudaDriverEntryPointQueryResult found{};
#if CUDART_VERSION >= 12050
    const cudaError_t status =
        cudaGetDriverEntryPointByVersion(name, function, kVersion, cudaEnableDefault, &found);
#else
    const cudaError_t status = cudaGetDriverEntryPoint(name, function, cudaEnableDefault, &found);
#endif
    if (status != cudaSuccess) return status;
    return found == cudaDriverEntryPointSuccess ? cudaSuccess : cudaErrorInsufficientDriver;
}

struct Calls {
    GetCurrent get = nullptr;
    SetCurrent set = nullptr;
    cudaError_t status;

    Calls() noexcept : status(find("cuCtxGetCurrent", reinterpret_cast<void**>(&get))) {
        if (status == cudaSuccess) status = find("cuCtxSetCurrent", reinterpret_cast<void**>(&set));
    }
};

const Calls& calls() noexcept {
    static const Calls found;
    return found;
}

}  // namespace

ContextScope::ContextScope(int device) noexcept : status_(calls().status) {
    if (status_ != cudaSuccess) return;
    if (calls().get(&before_) != 0) {
        status_ = cudaErrorInitializationError;
        return;
    }
    status_ = cudaSetDevice(device);
    entered_ = status_ == cudaSuccess;
}

ContextScope::~ContextScope() {
    if (entered_) static_cast<void>(calls().set(before_));
}

}  // namespace remit::gpu
