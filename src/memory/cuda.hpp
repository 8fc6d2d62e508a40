#pragma once

#include "memory/provider.hpp"

#include <memory>
#include <optional>

/// What the rest of remit knows of CUDA. Implemented in cuda/memory/ where a toolkit was found, else in no_cuda.cpp.
namespace remit::memory {

/// Pinned or device memory of a GPU. @throws Error(environment) with the remedy where this build, the driver or the
/// device is missing or too old; Error(bad_argument) for an ordinal that is not there.
[[nodiscard]] std::unique_ptr<Provider> open_cuda(const MemoryOptions& options);

/// The CUDA device that `address` is memory of, if it is memory of one that the CPU cannot read. Nothing where this
/// process has not loaded a driver: then no such address exists. Never loads it.
[[nodiscard]] std::optional<int> device_of(const void* address) noexcept;

/// HostMemory, or open_cuda().
[[nodiscard]] std::unique_ptr<Provider> open_memory(const MemoryOptions& options);

}  // namespace remit::memory
