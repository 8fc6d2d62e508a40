#include "tools/cli/option_spec.hpp"

#include <charconv>

namespace remit::tools {

std::optional<std::uint64_t> number_of(const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || stop != end || error != std::errc{}) return std::nullopt;
    return value;
}

std::vector<std::string> parts_of(const std::string& value) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (;;) {
        const std::size_t comma = value.find(',', begin);
        parts.push_back(value.substr(begin, comma - begin));
        if (comma == std::string::npos) return parts;
        begin = comma + 1;
    }
}

OptionSpec option(std::string name, std::string value, std::string permitted, std::string help,
                  std::function<bool(const std::string&, Options&)> apply) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.value = std::move(value);
    spec.permitted = std::move(permitted);
    spec.help = std::move(help);
    spec.apply = std::move(apply);
    return spec;
}

OptionSpec flag(std::string name, bool Options::*field, std::string help) {
    return option(std::move(name), "", "no value", std::move(help),
                  [field](const std::string& value, Options& options) {
                      options.*field = true;
                      return value.empty();
                  });
}

OptionSpec text(std::string name, std::string placeholder, std::string Options::*field, std::string permitted,
                std::string help) {
    return option(std::move(name), std::move(placeholder), std::move(permitted), std::move(help),
                  [field](const std::string& value, Options& options) {
                      options.*field = value;
                      return !value.empty();
                  });
}

}  // namespace remit::tools
