#pragma once

#include <remit/config.hpp>

#include <string>
#include <vector>

namespace remit::tools {

/// Values as a file that says the same, a comment behind each naming where it is from.
/// @param values of all keys, in the order of `keys`
[[nodiscard]] std::string toml_text(const std::vector<ConfigKey>& keys, const std::vector<ConfigValue>& values);

/// "fabric" of "fabric.queue_pairs".
[[nodiscard]] std::string section_of(const std::string& key);
/// "queue_pairs" of "fabric.queue_pairs".
[[nodiscard]] std::string name_in_section(const std::string& key);

}  // namespace remit::tools
