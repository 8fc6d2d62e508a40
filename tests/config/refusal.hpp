#pragma once

#include <remit/config.hpp>
#include <remit/error.hpp>

#include <string>

namespace remit::config::test {

/// What an Error(bad_argument) of `call` says; "(accepted)" where there is none.
template <typename Call>
std::string refusal(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.kind() == ErrorKind::bad_argument ? error.what() : "(other kind) " + std::string(error.what());
    }
    return "(accepted)";
}

inline ConfigValue value_of(const ConfigLoader& loader, const std::string& key) {
    for (const ConfigValue& value : loader.values()) {
        if (value.key == key) return value;
    }
    return {};
}

}  // namespace remit::config::test
