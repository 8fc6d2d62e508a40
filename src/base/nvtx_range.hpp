#pragma once

#ifdef REMIT_NVTX
#include <nvtx3/nvToolsExt.h>
#endif

namespace remit {

#ifdef REMIT_NVTX

/// A range of this thread's time in NVIDIA's profilers, in the domain "remit", for as long as the object lives. Ranges nest.
/// Without a profiler it costs the look at a pointer; where it is not compiled in (REMIT_NVTX), nothing.
class NvtxRange {
public:
    /// @param name must outlive the range
    explicit NvtxRange(const char* name) noexcept {
        nvtxEventAttributes_t attributes{};
        attributes.version = NVTX_VERSION;
        attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
        attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
        attributes.message.ascii = name;
        nvtxDomainRangePushEx(domain(), &attributes);
    }
    ~NvtxRange() { nvtxDomainRangePop(domain()); }
    NvtxRange(const NvtxRange&) = delete;
    NvtxRange& operator=(const NvtxRange&) = delete;

private:
    [[nodiscard]] static nvtxDomainHandle_t domain() noexcept {
        static const nvtxDomainHandle_t ours = nvtxDomainCreateA("remit");
        return ours;
    }
};

#else

class NvtxRange {
public:
    explicit NvtxRange(const char*) noexcept {}
    ~NvtxRange() {}  // NOLINT: not trivial, so that a range is no unused variable
    NvtxRange(const NvtxRange&) = delete;
    NvtxRange& operator=(const NvtxRange&) = delete;
};

#endif

}  // namespace remit
