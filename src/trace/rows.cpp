#include "trace/rows.hpp"

namespace remit::trace {
namespace {

// Rows of one kind; those of a kind stand together in the order of their numbers.
constexpr RowId kRowsOfKind = 100'000;

}  // namespace

RowId Rows::make(RowKind kind, const std::string& name) {
    const RowId id = static_cast<RowId>(kind) * kRowsOfKind + made_[kind]++ % kRowsOfKind;
    file_.name_row(id, name);
    return id;
}

RowId Rows::single(RowKind kind, const std::string& name) {
    std::vector<Row>& rows = rows_[{kind, name}];
    if (rows.empty()) rows.push_back({make(kind, name), 0});
    return rows.front().id;
}

RowId Rows::free_from(RowKind kind, const std::string& name, Nanoseconds begin, Nanoseconds end) {
    std::vector<Row>& rows = rows_[{kind, name}];
    for (Row& row : rows) {
        if (row.taken_until > begin) continue;
        row.taken_until = end;
        return row.id;
    }
    rows.push_back({make(kind, name), end});
    return rows.back().id;
}

}  // namespace remit::trace
