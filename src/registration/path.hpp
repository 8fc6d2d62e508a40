#pragma once

#include <remit/memory_options.hpp>

#include <cstdint>
#include <string_view>

namespace remit::registration {

/// How a NIC reaches the bytes of a pool.
enum class Path : std::uint8_t {
    host,         ///< host memory of any kind, registered as it is
    dmabuf_pcie,  ///< device memory, dma-buf over PCIe where GPU and CPU have a link of their own
    dmabuf,
    peermem,
    staged,  ///< not at all: pinned host memory is registered in its place
};

/// "host", "dmabuf-pcie", "dmabuf", "peermem", "staged".
[[nodiscard]] std::string_view to_string(Path path) noexcept;

/// The setting that leads to `path` again, for further memory of the same worker.
[[nodiscard]] GpuDirect forced(Path path) noexcept;

}  // namespace remit::registration
