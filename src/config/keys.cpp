#include "config/tables.hpp"

namespace remit::config {
namespace {

std::vector<Key> make_keys() {
    std::vector<Key> table;
    add_control_keys(table);
    add_fabric_keys(table);
    add_memory_keys(table);
    add_timing_keys(table);
    add_limit_keys(table);
    add_trace_keys(table);
    add_embedding_keys(table);
    add_language_keys(table);
    return table;
}

}  // namespace

const std::vector<Key>& keys() {
    static const std::vector<Key> table = make_keys();
    return table;
}

}  // namespace remit::config
