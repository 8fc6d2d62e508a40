#pragma once

#include "config/access.hpp"

/// The rows of which keys() is made, and the kinds of rows there are.
namespace remit::config {

using Names = std::vector<std::pair<std::string, std::int64_t>>;

[[nodiscard]] inline Key boolean(std::string name, Access access, std::string help) {
    return {.name = std::move(name), .kind = Kind::boolean, .access = std::move(access), .help = std::move(help)};
}

[[nodiscard]] inline Key counted(Kind kind, std::string name, Access access, std::int64_t least, std::int64_t most,
                                 std::string help) {
    return {.name = std::move(name), .kind = kind, .access = std::move(access), .help = std::move(help), .least = least,
            .most = most};
}

[[nodiscard]] inline Key integer(std::string name, Access access, std::int64_t least, std::int64_t most,
                                 std::string help) {
    return counted(Kind::integer, std::move(name), std::move(access), least, most, std::move(help));
}

[[nodiscard]] inline Key size(std::string name, Access access, std::int64_t least, std::int64_t most, std::string help) {
    return counted(Kind::size, std::move(name), std::move(access), least, most, std::move(help));
}

/// @param step what the field counts in; all three are microseconds
[[nodiscard]] inline Key duration(std::string name, Access access, std::int64_t least, std::int64_t most,
                                  std::int64_t step, std::string help) {
    Key key = counted(Kind::duration, std::move(name), std::move(access), least, most, std::move(help));
    key.step = step;
    return key;
}

[[nodiscard]] inline Key number(std::string name, Access access, double least, double most, std::string help) {
    Key key{.name = std::move(name), .kind = Kind::number, .access = std::move(access), .help = std::move(help)};
    key.least_number = least;
    key.most_number = most;
    return key;
}

[[nodiscard]] inline Key choice(std::string name, Access access, Names names, std::string help) {
    Key key{.name = std::move(name), .kind = Kind::choice, .access = std::move(access), .help = std::move(help)};
    key.names = std::move(names);
    return key;
}

[[nodiscard]] inline Key text(std::string name, Access access, std::string allowed, std::string help) {
    Key key{.name = std::move(name), .kind = Kind::text, .access = std::move(access), .help = std::move(help)};
    key.allowed = std::move(allowed);
    return key;
}

/// What a name of a choice stands for.
template <typename Enum>
[[nodiscard]] constexpr std::int64_t as_number(Enum value) noexcept {
    return static_cast<std::int64_t>(value);
}

void add_control_keys(std::vector<Key>& table);
void add_fabric_keys(std::vector<Key>& table);
void add_memory_keys(std::vector<Key>& table);
void add_timing_keys(std::vector<Key>& table);
void add_limit_keys(std::vector<Key>& table);
void add_trace_keys(std::vector<Key>& table);
void add_embedding_keys(std::vector<Key>& table);
void add_language_keys(std::vector<Key>& table);

}  // namespace remit::config
