#include "tools/config/toml_text.hpp"

#include <spdlog/fmt/fmt.h>

#include "tools/cli/option_spec.hpp"

namespace remit::tools {
namespace {

/// A basic string of TOML.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') {
            result += std::string("\\") + letter;
        } else if (static_cast<unsigned char>(letter) < ' ' || letter == '\x7f') {
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
        } else {
            result += letter;
        }
    }
    return result + "\"";
}

std::string list_text(const std::string& items) {
    std::string text;
    if (items.empty()) return "[]";
    for (const std::string& item : parts_of(items)) text += (text.empty() ? "" : ", ") + quoted(item);
    return "[" + text + "]";
}

std::string value_text(const std::string& type, const std::string& value) {
    if (type == "boolean" || type == "integer" || type == "number") return value;
    return type == "list" ? list_text(value) : quoted(value);
}

}  // namespace

std::string section_of(const std::string& key) {
    return key.substr(0, key.rfind('.'));
}

std::string name_in_section(const std::string& key) {
    return key.substr(key.rfind('.') + 1);
}

std::string toml_text(const std::vector<ConfigKey>& keys, const std::vector<ConfigValue>& values) {
    std::string text;
    std::string section;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (section_of(keys[i].key) != section) {
            text += (section.empty() ? "[" : "\n[") + section_of(keys[i].key) + "]\n";
            section = section_of(keys[i].key);
        }
        const std::string line = name_in_section(keys[i].key) + " = " + value_text(keys[i].type, values[i].value);
        text += fmt::format("{:<44}  # {}\n", line, values[i].where);
    }
    return text;
}

}  // namespace remit::tools
