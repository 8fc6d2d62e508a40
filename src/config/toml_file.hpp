#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace remit::config {

/// What a value of a file is. A table or anything else that no key takes is `other`.
enum class TomlType : std::uint8_t { boolean, integer, number, text, texts, empty_table, other };

/// One value of a file with the place it stands at.
struct TomlValue {
    std::string key;  ///< with its tables: "fabric.queue_pairs"
    TomlType type = TomlType::other;
    std::string text;                ///< as a key parses it, and for messages
    std::vector<std::string> texts;  ///< of an array of strings
    std::string shown;               ///< as a message shows it: "4", "\"four\"", "a table"
    unsigned line = 0;
};

/// The values of a document in the order of its lines, an empty table among them, so that it is not overlooked.
/// @throws Error(bad_argument) with name and line for what is no TOML.
[[nodiscard]] std::vector<TomlValue> read_toml(std::string_view document, const std::string& name);

}  // namespace remit::config
