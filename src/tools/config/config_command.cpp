#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/commands.hpp"
#include "tools/config/reference.hpp"
#include "tools/config/toml_text.hpp"

namespace remit::tools {
namespace {

std::string json_text(const std::vector<ConfigValue>& values) {
    nlohmann::ordered_json settings = nlohmann::ordered_json::array();
    for (const ConfigValue& value : values) {
        settings.push_back({{"key", value.key},
                            {"value", value.value},
                            {"source", std::string(to_string(value.source))},
                            {"where", value.where}});
    }
    return nlohmann::ordered_json{{"settings", std::move(settings)}}.dump();
}

}  // namespace

ExitStatus run_config(const Options& options) {
    if (options.reference) {
        std::cout << reference_text();
        return ExitStatus::verified;
    }
    options.settings.check();
    const std::vector<ConfigValue> values = options.settings.values();
    std::cout << (options.json ? json_text(values) + "\n" : toml_text(config_keys(), values));
    return ExitStatus::verified;
}

}  // namespace remit::tools
