#include "config/toml_file.hpp"

#include "config/toml_document.hpp"

#include <algorithm>

namespace remit::config {
namespace {

std::string_view words_of(toml::node_type type) {
    switch (type) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "an array";
        case toml::node_type::date: return "a date";
        case toml::node_type::time: return "a time";
        case toml::node_type::date_time: return "a date with a time";
        default: return "no value";
    }
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t kShown = 80;
    return fmt::format("\"{}{}\"", text.substr(0, kShown), text.size() > kShown ? "..." : "");
}

/// An array is one of strings where each of its items is; an item with a comma could not be written as a key prints it.
bool is_texts(const toml::array& array) {
    return std::all_of(array.begin(), array.end(), [](const toml::node& item) {
        const auto* const text = item.as_string();
        return text != nullptr && !text->get().empty() && text->get().find(',') == std::string::npos;
    });
}

TomlValue array_value(TomlValue value, const toml::array& array) {
    value.shown = words_of(toml::node_type::array);
    if (!is_texts(array)) return value;
    value.type = TomlType::texts;
    for (const toml::node& item : array) value.texts.push_back(item.as_string()->get());
    value.text = fmt::format("{}", fmt::join(value.texts, ","));
    return value;
}

TomlValue value_of(const toml::node& node, std::string key) {
    TomlValue value;
    value.key = std::move(key);
    value.line = node.source().begin.line;
    const auto scalar = [&value](TomlType type, std::string text) {
        value.type = type;
        value.text = std::move(text);
        value.shown = type == TomlType::text ? in_quotes(value.text) : value.text;
        return value;
    };
    if (const auto* one = node.as_boolean()) return scalar(TomlType::boolean, one->get() ? "true" : "false");
    if (const auto* one = node.as_integer()) return scalar(TomlType::integer, std::to_string(one->get()));
    if (const auto* one = node.as_floating_point()) return scalar(TomlType::number, fmt::format("{}", one->get()));
    if (const auto* one = node.as_string()) return scalar(TomlType::text, one->get());
    if (const auto* one = node.as_array()) return array_value(std::move(value), *one);
    if (node.is_table()) value.type = TomlType::empty_table;
    value.shown = words_of(node.type());
    return value;
}

void collect(const toml::table& table, const std::string& prefix, std::vector<TomlValue>& values) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        const toml::table* const inner = node.as_table();
        if (inner != nullptr && !inner->empty()) {
            collect(*inner, key + ".", values);
        } else {
            values.push_back(value_of(node, key));
        }
    }
}

}  // namespace

std::vector<TomlValue> read_toml(std::string_view document, const std::string& name) {
    std::vector<TomlValue> values;
    collect(parse_toml(document, name), "", values);
    std::stable_sort(values.begin(), values.end(),
                     [](const TomlValue& one, const TomlValue& other) { return one.line < other.line; });
    return values;
}

}  // namespace remit::config
