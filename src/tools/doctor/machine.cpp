#include "tools/doctor/machine.hpp"

#include <algorithm>
#include <fstream>

#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

}  // namespace

std::filesystem::path Machine::path(std::string_view below) const {
    while (!below.empty() && below.front() == '/') below.remove_prefix(1);
    return root / below;
}

bool Machine::exists(std::string_view below) const {
    std::error_code error;
    return std::filesystem::exists(path(below), error);
}

std::optional<std::string> Machine::text(std::string_view below) const {
    std::error_code error;
    if (std::filesystem::is_directory(path(below), error)) return std::nullopt;
    std::ifstream file(path(below), std::ios::binary);
    if (!file) return std::nullopt;
    std::string content(kMostBytes, '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    // Some files of sysfs open and then refuse to be read.
    if (file.bad() || (file.gcount() == 0 && !file.eof())) return std::nullopt;
    content.resize(static_cast<std::size_t>(file.gcount()));
    return content;
}

std::optional<std::string> Machine::line(std::string_view below) const {
    const auto content = text(below);
    if (!content) return std::nullopt;
    std::string first = trimmed(content->substr(0, content->find('\n')));
    return first.empty() ? std::nullopt : std::optional(std::move(first));
}

std::optional<std::uint64_t> Machine::number(std::string_view below) const {
    const auto word = line(below);
    return word ? number_in(*word) : std::nullopt;
}

std::vector<std::string> Machine::names(std::string_view below) const {
    std::vector<std::string> found;
    std::error_code error;
    std::filesystem::directory_iterator it(path(below), error);
    for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
        found.push_back(it->path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::optional<std::string> Machine::value(std::string_view below, std::string_view key) const {
    const auto content = text(below);
    if (!content) return std::nullopt;
    for (const std::string& one : lines_of(*content)) {
        if (one.size() > key.size() && one.compare(0, key.size(), key) == 0 && one[key.size()] == ':') {
            return trimmed(one.substr(key.size() + 1));
        }
    }
    return std::nullopt;
}

}  // namespace remit::tools::doctor
