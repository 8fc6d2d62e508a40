#include "registration/path.hpp"

namespace remit::registration {

std::string_view to_string(Path path) noexcept {
    switch (path) {
        case Path::host: return "host";
        case Path::dmabuf_pcie: return "dmabuf-pcie";
        case Path::dmabuf: return "dmabuf";
        case Path::peermem: return "peermem";
        case Path::staged: return "staged";
    }
    return "unknown";
}

GpuDirect forced(Path path) noexcept {
    switch (path) {
        case Path::host: break;
        case Path::dmabuf_pcie:
        case Path::dmabuf: return GpuDirect::dmabuf;
        case Path::peermem: return GpuDirect::peermem;
        case Path::staged: return GpuDirect::staged;
    }
    return GpuDirect::automatic;
}

}  // namespace remit::registration
