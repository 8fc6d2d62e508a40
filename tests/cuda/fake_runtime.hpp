#pragma once

#include "kernels/batch.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace remit::gpu::test {

/// What a kernel was launched with.
struct Launch {
    const void* kernel = nullptr;
    BatchHeader header;
    std::vector<Piece> pieces;
    unsigned blocks = 0;
    unsigned threads = 0;
    cudaStream_t stream = nullptr;
    bool remote_domain = false;
};

/// The CUDA runtime's functions that remit calls, on the CPU: "device" memory is host memory, kernels are recorded
/// and not run. One machine for the process, made new by each test.
struct FakeRuntime {
    int driver = 13000;
    int compute_major = 9;
    int devices = 2;
    int least_priority = 0;
    int greatest_priority = -5;
    int fail_at = -1;                     ///< the call with this number fails
    std::size_t word_alias_distance = 0;  ///< device addresses of mapped words are this far from the host's

    int calls = 0;
    std::string failed_call;
    int current_device = 0;
    int open_streams = 0;
    int stream_priority = 0;
    unsigned stream_flags = 0;
    cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;
    bool legacy_stream_waited = false;
    std::map<void*, std::string> memory;  ///< held, with the call that took it
    std::map<void*, unsigned> host_flags;
    std::vector<Launch> launches;
    std::vector<std::string> log;

    /// Counts a call; the status it returns.
    [[nodiscard]] cudaError_t enter(const char* name);
};

[[nodiscard]] FakeRuntime& fake_runtime();
/// A machine as new; whatever the one before held is dropped.
void reset_fake_runtime();

}  // namespace remit::gpu::test
