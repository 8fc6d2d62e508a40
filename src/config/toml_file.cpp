#include "config/toml_file.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <exception>

namespace remit::config {
namespace {

struct BrokenAssumption : std::exception {};

[[noreturn]] void assumption_broken() { throw BrokenAssumption(); }

}  // namespace
}  // namespace remit::config

// In this file alone, and without the library's shared object: who links remit needs nothing more.
#define TOML_HEADER_ONLY 1
// toml++ 3.3 takes for granted that a key begins with what a key can begin with, which "[[[" does not: with NDEBUG the compiler
// is told so, without it the process ends. Here what it takes for granted is checked, in every build.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : ::remit::config::assumption_broken())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace remit::config {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;

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

[[noreturn]] void refuse_toml(const std::string& name, std::size_t line, std::string_view why) {
    throw Error(ErrorKind::bad_argument, fmt::format("{}:{}: this is no TOML: {}", name, line, why));
}

bool breaks_assumption(std::string_view document) {
    try {
        static_cast<void>(toml::parse(document));
    } catch (const toml::parse_error&) {  // cut off somewhere, as it may be
    } catch (const BrokenAssumption&) {
        return true;
    }
    return false;
}

/// Where a document breaks an assumption, so does all of it up to that line, and nothing shorter.
std::size_t line_of_broken_assumption(std::string_view document) {
    std::vector<std::size_t> ends;
    for (std::size_t end = document.find('\n'); end != std::string_view::npos; end = document.find('\n', end + 1)) {
        ends.push_back(end + 1);
    }
    const auto broken = std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) {
        return !breaks_assumption(document.substr(0, end));
    });
    return static_cast<std::size_t>(broken - ends.begin()) + 1;
}

}  // namespace

std::vector<TomlValue> read_toml(std::string_view document, const std::string& name) {
    std::vector<TomlValue> values;
    try {
        const toml::table table = toml::parse(document, name);
        collect(table, "", values);
    } catch (const toml::parse_error& error) {
        refuse_toml(name, error.source().begin.line, error.description());
    } catch (const BrokenAssumption&) {
        refuse_toml(name, line_of_broken_assumption(document), "a name is missing");
    }
    std::stable_sort(values.begin(), values.end(),
                     [](const TomlValue& one, const TomlValue& other) { return one.line < other.line; });
    return values;
}

std::string read_text_file(const std::string& path) {
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorKind::bad_argument, fmt::format("file \"{}\" cannot be read: {}", path, why));
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (error) refuse(error.message());
    if (std::filesystem::is_directory(status)) refuse("it is a folder");
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse(std::generic_category().message(errno));
    std::string text(kMostBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) refuse("reading failed");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostBytes) refuse(fmt::format("it is larger than {} bytes", kMostBytes));
    return text;
}

}  // namespace remit::config
