#pragma once

// A file of TOML as toml++ holds it. All of it in a header, since two libraries read such files that know nothing of each
// other's symbols, libremit and remit::bootstrap: and toml++ must mean the same to both.

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace remit::config {

struct BrokenAssumption : std::exception {};

[[noreturn]] inline void assumption_broken() { throw BrokenAssumption(); }

}  // namespace remit::config

// Without the library's shared object: who links remit needs nothing more.
#define TOML_HEADER_ONLY 1
// toml++ 3.3 takes for granted that a key begins with what a key can begin with, which "[[[" does not: with NDEBUG the compiler
// is told so, without it the process ends. Here what it takes for granted is checked, in every build.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : ::remit::config::assumption_broken())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include <algorithm>

namespace remit::config {

[[noreturn]] inline void refuse_toml(const std::string& name, std::size_t line, std::string_view why) {
    throw Error(ErrorKind::bad_argument, fmt::format("{}:{}: this is no TOML: {}", name, line, why));
}

inline bool breaks_assumption(std::string_view document) {
    try {
        static_cast<void>(toml::parse(document));
    } catch (const toml::parse_error&) {  // cut off somewhere, as it may be
    } catch (const BrokenAssumption&) {
        return true;
    }
    return false;
}

/// Where a document breaks an assumption, so does all of it up to that line, and nothing shorter.
inline std::size_t line_of_broken_assumption(std::string_view document) {
    std::vector<std::size_t> ends;
    for (std::size_t end = document.find('\n'); end != std::string_view::npos; end = document.find('\n', end + 1)) {
        ends.push_back(end + 1);
    }
    const auto broken = std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) {
        return !breaks_assumption(document.substr(0, end));
    });
    return static_cast<std::size_t>(broken - ends.begin()) + 1;
}

/// @param name of the document, for messages. @throws Error(bad_argument) with name and line for what is no TOML.
[[nodiscard]] inline toml::table parse_toml(std::string_view document, const std::string& name) {
    try {
        return toml::parse(document, name);
    } catch (const toml::parse_error& error) {
        refuse_toml(name, error.source().begin.line, error.description());
    } catch (const BrokenAssumption&) {
        refuse_toml(name, line_of_broken_assumption(document), "a name is missing");
    }
}

}  // namespace remit::config
