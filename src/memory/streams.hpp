#pragma once

#include <memory>
#include <string>

namespace remit::memory {

/// A stream of the user's framework, as its own headers name it: a cudaStream_t or CUstream. Null is the legacy stream.
using StreamHandle = void*;

/// A point in a stream that has been recorded. Any thread.
class StreamPoint {
public:
    virtual ~StreamPoint() = default;
    /// Whether the device has come past it, or never will: see failure().
    [[nodiscard]] virtual bool passed() = 0;
    /// The error that passed() met, name and text; empty otherwise.
    [[nodiscard]] virtual std::string failure() const = 0;
};

/// The user's streams on one device. Any thread; each call leaves the thread's CUDA context and capture mode as it
/// found them, and can not end a capture that goes on elsewhere in the process.
class Streams {
public:
    virtual ~Streams() = default;
    /// A point behind what was put into `stream` before.
    /// @throws Error(misuse) for a stream that captures a graph, Error(bad_argument) for one of another device,
    /// Error(environment) naming another CUDA error.
    [[nodiscard]] virtual std::shared_ptr<StreamPoint> record(StreamHandle stream) = 0;
    /// What is put into `stream` from now on runs after `point`, which came from record() or CopyExecutor::mark().
    /// @throws as record().
    virtual void wait(StreamHandle stream, StreamPoint& point) = 0;
    /// @throws Error(misuse) where `stream` captures a graph: the point to wait for would be outside of it.
    virtual void refuse_capture(StreamHandle stream) = 0;
};

}  // namespace remit::memory
