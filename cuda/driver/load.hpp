#pragma once

#include "driver/driver.hpp"

namespace remit::gpu {

/// How a library's symbols are found: dlopen and dlsym, or what a test puts in their place.
struct LibraryCalls {
    void* (*open)(const char* name) = nullptr;
    void* (*find)(void* library, const char* symbol) = nullptr;
};

[[nodiscard]] LibraryCalls system_library_calls() noexcept;

/// The oldest driver that takes a program built with toolkit `toolkit` (as 12040): the first of its major version.
[[nodiscard]] constexpr int oldest_driver(int toolkit) noexcept { return toolkit / 1000 * 1000; }

/// Looks the driver up and initialises it.
/// @throws Error(environment) with the remedy: no libcuda.so.1; a driver older than `oldest` (naming both versions); a
/// function that is missing; cuInit refused, as where there is no device.
[[nodiscard]] Driver load_driver(const LibraryCalls& library, int oldest);

/// The driver of this machine, loaded once. @throws as load_driver(), each time.
[[nodiscard]] const Driver& driver();

}  // namespace remit::gpu
