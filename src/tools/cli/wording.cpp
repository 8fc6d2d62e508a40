#include "tools/cli/wording.hpp"

#include <array>
#include <string_view>

namespace remit::tools {
namespace {

struct Replacement {
    std::string_view library;
    std::string_view command;
};

constexpr std::array<Replacement, 2> kReplacements{{
    {"give keys, or say --insecure (insecure = true)", "give --key, or say --insecure"},
    {"set advertise to", "set --advertise to"},
}};

bool begins_with(const std::string& text, const std::string& beginning) {
    return text.compare(0, beginning.size(), beginning) == 0;
}

/// The option that an endpoint in a message came from.
std::string endpoint_option(const std::string& message, const Options& options) {
    const auto is_of = [&](const std::string& value) {
        if (value.empty()) return false;
        const std::string start = value.substr(0, 60);
        return begins_with(message, "endpoint \"" + start) || begins_with(message, "endpoint is " + start);
    };
    if (is_of(options.connect) && options.connect != options.listen) return "option --connect: ";
    return is_of(options.listen) ? "option --listen: " : "";
}

}  // namespace

std::string in_option_words(std::string message, const Options& options) {
    for (const auto& [library, command] : kReplacements) {
        if (const std::size_t at = message.find(library); at != std::string::npos) {
            message.replace(at, library.size(), command);
        }
    }
    if (begins_with(message, "advertise \"")) return "option --" + message;
    if (begins_with(message, "listening on ") && !options.listen.empty()) return "option --listen: " + message;
    return endpoint_option(message, options) + message;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

}  // namespace remit::tools
