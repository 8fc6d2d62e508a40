#pragma once

#include "trace/event_file.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace remit::trace {

/// What kinds of rows there are, in the order in which they are shown.
enum class RowKind : std::uint8_t { control = 1, liveness, immediates, send_region, queue_pair };

/// The rows of a worker: each has its number and, before its first event, its name. Things of one kind that are under way at
/// the same time get rows below each other, since slices of one row must not overlap.
class Rows {
public:
    explicit Rows(EventFile& file) : file_(file) {}

    /// The row of that name, for what never overlaps.
    [[nodiscard]] RowId single(RowKind kind, const std::string& name);
    /// A row of that name which is free from `begin` on, taken until `end`.
    [[nodiscard]] RowId free_from(RowKind kind, const std::string& name, Nanoseconds begin, Nanoseconds end);

private:
    struct Row {
        RowId id = 0;
        Nanoseconds taken_until = 0;
    };
    [[nodiscard]] RowId make(RowKind kind, const std::string& name);

    EventFile& file_;
    std::map<std::pair<RowKind, std::string>, std::vector<Row>> rows_;
    std::map<RowKind, std::uint32_t> made_;
};

}  // namespace remit::trace
