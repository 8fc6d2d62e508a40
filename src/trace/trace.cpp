#include "trace/trace.hpp"

#include "base/log.hpp"

#include <remit/error.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace remit::trace {
namespace {

// A worker that is killed loses what it noted down in the last such time.
constexpr std::chrono::milliseconds kPeriod{20};

constexpr std::uint32_t kFewestRecords = 1024;
constexpr std::uint32_t kMostRecords = 1u << 22;

}  // namespace

void check_options(const TraceOptions& options) {
    if (options.records >= kFewestRecords && options.records <= kMostRecords) return;
    throw Error(ErrorKind::bad_argument, fmt::format("trace.records is {}; permitted: {} to {}", options.records,
                                                     kFewestRecords, kMostRecords));
}

std::unique_ptr<Trace> open(const TraceOptions& options, const Identity& identity) {
    return options.file.empty() ? nullptr : std::make_unique<Trace>(options, identity);
}

Trace::Trace(const TraceOptions& options, const Identity& identity)
    : recorder_(options.records), file_(options.file), interpreter_(file_, identity), writer_([this] { write_until_closed(); }) {}

Trace::~Trace() { close(); }

void Trace::close() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(closing_, true)) return;
    }
    changed_.notify_all();
    writer_.join();
    drain();
    write([this] {
        interpreter_.close();
        file_.end(records_, dropped());
    });
    drain();
}

/// Want of memory ends the trace, not the worker.
template <class Write>
void Trace::write(const Write& write) {
    try {
        write();
    } catch (const std::exception& error) {
        file_.give_up(error.what());
    }
}

void Trace::write_until_closed() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kPeriod, [this] { return closing_; })) {
        lock.unlock();
        drain();
        lock.lock();
    }
}

/// Takes what is there and writes it.
void Trace::drain() {
    std::uint64_t taken = 0;
    write([&] {
        recorder_.drain([&](const Record& record) {
            ++taken;
            if (file_.reason().empty()) interpreter_.take(record);
        });
        tell_losses();
    });
    records_ += taken;
    if (file_.flush()) return;
    unwritten_.store(unwritten_.load(std::memory_order_relaxed) + taken, std::memory_order_relaxed);
    if (!std::exchange(told_failure_, true)) {
        log().error("trace file {}; the trace ends here, the worker goes on", file_.reason());
    }
}

void Trace::tell_losses() {
    const std::uint64_t dropped = recorder_.dropped();
    if (dropped == told_dropped_) return;
    if (told_dropped_ == 0) log().warn("the trace lacks records: its writer is behind; raise trace.records");
    told_dropped_ = dropped;
    file_.lost(now(), dropped);
}

}  // namespace remit::trace
