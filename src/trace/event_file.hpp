#pragma once

#include "base/descriptor.hpp"
#include "trace/identity.hpp"
#include "trace/records.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace remit::trace {

/// A row of the picture: in the format a thread of a process.
using RowId = std::uint32_t;

/// Events in the Trace Event Format of chrome://tracing, which ui.perfetto.dev reads, one a line. Whatever was flushed can be
/// read although the end is missing, as after the process was killed. `args` are members of a JSON object, without braces.
/// Owned by one thread.
class EventFile {
public:
    /// Written anew. @throws Error(environment) naming the file where it cannot be opened, Error(misuse) where another
    /// worker writes to it.
    explicit EventFile(const std::string& name);

    /// What stands above all events. Before any of them.
    void begin(const Identity& identity);
    void name_row(RowId row, std::string_view name);
    /// Of slices of one row none may overlap another without being inside it, and the outer comes first.
    void slice(RowId row, Nanoseconds begin, Nanoseconds end, std::string_view name, std::string_view args);
    void instant(RowId row, Nanoseconds time, std::string_view name, std::string_view args);
    /// Slices of one `id` nest, and share a row of their own.
    void async(std::string_view category, std::string_view id, Nanoseconds begin, Nanoseconds end, std::string_view name,
               std::string_view args) {
        async_begin(category, id, begin, name, args);
        async_end(category, id, end, name);
    }
    void async_begin(std::string_view category, std::string_view id, Nanoseconds time, std::string_view name,
                     std::string_view args);
    void async_end(std::string_view category, std::string_view id, Nanoseconds time, std::string_view name);
    /// So many records were left out, as far as is known at `time`.
    void lost(Nanoseconds time, std::uint64_t dropped);
    /// What is below all events.
    void end(std::uint64_t records, std::uint64_t dropped);

    /// To the disk's cache. False where that fails, now or before; reason() says why. What is written then goes nowhere.
    bool flush();
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// From now on as if it could not be written, for that reason.
    void give_up(const std::string& reason);

private:
    void line(std::string_view event);

    std::string name_;
    Descriptor file_;
    long process_;
    fmt::memory_buffer text_;
    bool first_ = true;
    std::string reason_;
};

/// With its quotes, as JSON wants it; bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace remit::trace
