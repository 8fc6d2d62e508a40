#pragma once

#include "trace/event_file.hpp"
#include "trace/interpreter.hpp"
#include "trace/recorder.hpp"

#include <remit/options.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace remit::trace {

/// A worker's trace: what its thread notes down, and the thread that makes a file of it.
class Trace {
public:
    /// @throws Error as EventFile.
    Trace(const TraceOptions& options, const Identity& identity);
    /// close().
    ~Trace();
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    /// For the worker's thread.
    [[nodiscard]] Recorder& recorder() noexcept { return recorder_; }
    /// After the last record: the file is complete when this returns. Called again it does nothing.
    void close();
    /// Records that are in no file: the ring was full, or the file could not be written. Any thread.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return recorder_.dropped() + unwritten_.load(std::memory_order_relaxed); }

private:
    void write_until_closed();
    void drain();
    template <class Write>
    void write(const Write& write);
    void tell_losses();

    Recorder recorder_;
    EventFile file_;
    Interpreter interpreter_;
    std::uint64_t records_ = 0;             ///< taken out of the recorder
    std::atomic<std::uint64_t> unwritten_{0};  ///< of those, what a file that failed has not
    std::uint64_t told_dropped_ = 0;
    bool told_failure_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool closing_ = false;
    std::thread writer_;
};

/// Nothing where no file is named.
[[nodiscard]] std::unique_ptr<Trace> open(const TraceOptions& options, const Identity& identity);

/// @throws Error(bad_argument)
void check_options(const TraceOptions& options);

}  // namespace remit::trace
