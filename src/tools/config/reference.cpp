#include "tools/config/reference.hpp"

#include <remit/config.hpp>

#include <spdlog/fmt/fmt.h>

#include "tools/cli/option_table.hpp"
#include "tools/config/toml_text.hpp"

namespace remit::tools {
namespace {

std::string option_of(const std::string& key) {
    for (const OptionSpec& spec : option_table()) {
        if (spec.key == key) return "`" + spec.name + "`";
    }
    return "";
}

std::string row(const ConfigKey& key) {
    const std::string value = key.default_value.empty() ? "" : "`" + key.default_value + "`";
    return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", name_in_section(key.key), key.type, key.permitted, value,
                       option_of(key.key), key.help);
}

}  // namespace

std::string reference_text() {
    std::string text;
    std::string section;
    for (const ConfigKey& key : config_keys()) {
        if (section_of(key.key) != section) {
            section = section_of(key.key);
            text += fmt::format("\n### `[{}]`\n\n| key | type | permitted | default | option | meaning |\n"
                                "|---|---|---|---|---|---|\n",
                                section);
        }
        text += row(key);
    }
    return text;
}

}  // namespace remit::tools
