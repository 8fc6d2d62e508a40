#pragma once

#include "fake_runtime.hpp"

/// What the files that make up the fake runtime have of each other.
namespace remit::gpu::test {

/// What a kernel was launched with, from its parameters as they are now.
[[nodiscard]] Launch read_batch(const void* kernel, const void* argument);
/// Does what the kernel would have done.
void run_kernel(const Launch& launch);

/// Memory that `name`, a call of the runtime, hands out, and that the call beside it takes back.
[[nodiscard]] cudaError_t take(const char* name, void** out, std::size_t bytes);
[[nodiscard]] cudaError_t give(const char* name, const char* taken_by, void* memory);

/// A stream handle or event that is nobody's.
[[nodiscard]] std::uintptr_t next_handle();
/// For an operation that waits for nothing.
[[nodiscard]] bool always();

}  // namespace remit::gpu::test
