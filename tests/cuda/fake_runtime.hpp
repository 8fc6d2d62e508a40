#pragma once

#include "driver/context.hpp"
#include "kernels/sum.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
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
    std::vector<Lot> lots{};  ///< of a launch that sums; the header has what it shares with a copy
    std::uint64_t parts = 0;
    int number = 0;  ///< among the launches
};

/// A stream's work that has not run, in order. What may run is run at once, by the thread that brings it about.
struct FakeStream {
    struct Operation {
        std::function<bool()> ready;
        std::function<void()> run;
    };
    bool held = false;  ///< nothing of it runs
    bool capturing = false;
    std::deque<Operation> waiting;
};

struct FakeEvent {
    std::uint64_t recorded = 0;  ///< how often
    std::uint64_t passed = 0;    ///< the last record that its stream has come past
};

/// What each thread has of its own.
struct FakeThread {
    void* context = nullptr;    ///< the current one; primary_context() of a device, or a test's own
    std::vector<void*> pushed;  ///< those it goes back to
    cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;
};
/// The calling thread's.
[[nodiscard]] FakeThread& fake_thread();
/// What is current where the runtime works on a device.
[[nodiscard]] void* primary_context(int device);

/// The CUDA runtime's functions that remit calls, and the driver's for contexts, on the CPU: "device" memory is host
/// memory, streams run in order, kernels are recorded and, where asked for, run. One machine for the process, made new
/// by each test.
struct FakeRuntime {
    int driver = 13000;
    int compute_major = 9;
    int devices = 2;
    int least_priority = 0;
    int greatest_priority = -5;
    int fail_at = -1;                     ///< the call with this number fails
    std::size_t word_alias_distance = 0;  ///< device addresses of mapped words are this far from the host's
    bool run_kernels = false;
    bool lags = false;                             ///< nothing runs but by step_gpu()
    bool lose_words = false;                       ///< kernels copy and never say so
    int spoil_launch = -1;                         ///< the copy with this number among the launches turns a bit over
    std::map<std::string, cudaError_t> fail_call;  ///< every call of that name fails
    const void* fail_kernel = nullptr;             ///< launches of it fail
    const void* hold_kernel = nullptr;             ///< its launch holds its stream
    cudaError_t dead = cudaSuccess;                ///< a sticky error: every call returns it, nothing runs

    int calls = 0;
    std::string failed_call;
    int open_streams = 0;
    int open_events = 0;
    int stream_priority = 0;
    unsigned stream_flags = 0;
    std::uint64_t killed_captures = 0;  ///< by calls in another mode than relaxed while a stream captured
    std::vector<std::string> astray;    ///< calls that another context than a device's primary one would have taken
    int retained = 0;                   ///< primary contexts
    bool legacy_stream_waited = false;
    std::map<void*, std::string> memory;  ///< held, with the call that took it
    std::map<void*, unsigned> host_flags;
    std::map<cudaStream_t, FakeStream> streams;
    std::map<cudaEvent_t, FakeEvent> events;
    std::vector<Launch> launches;
    std::vector<std::string> log;

    /// Counts a call; the status it returns.
    [[nodiscard]] cudaError_t enter(const char* name);
    void put(cudaStream_t stream, FakeStream::Operation operation);
    /// Runs what can run.
    void pump();
};

/// For what tests do beside running workers.
[[nodiscard]] std::recursive_mutex& fake_runtime_mutex();
[[nodiscard]] FakeRuntime& fake_runtime();
/// Holds a device's primary context, as what runs on it does.
[[nodiscard]] std::shared_ptr<const PrimaryContext> fake_context(int device = 0);
/// A machine as new, and the calling thread with it; whatever the one before held is dropped.
void reset_fake_runtime();

/// A stream of the test's own, as a user has one.
[[nodiscard]] cudaStream_t make_user_stream();
/// Holds a stream's work back, or lets it go on; the operations put into it meanwhile run then.
void hold_stream(cudaStream_t stream, bool held);
/// Runs the oldest operation of that one of the streams with some that `choice` picks. False: none has any.
bool step_gpu(std::uint64_t choice);
/// Puts work of the test's own into a stream.
void put_work(cudaStream_t stream, std::function<void()> work);
/// From now on the GPU is gone: every call returns `error`, and what runs never ends.
void kill_gpu(cudaError_t error);

}  // namespace remit::gpu::test
