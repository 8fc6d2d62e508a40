#include "capi/copy_out.hpp"
#include "capi/errors.hpp"
#include "capi/handles.hpp"

#include <algorithm>
#include <string>
#include <vector>

using remit::Error;
using remit::ErrorKind;
using remit::capi::guarded;
using remit::capi::needed;

namespace {

/// What messages and origins call a value that a program sets.
constexpr const char* kSetter = "remit_config_set";

const std::vector<remit::ConfigKey>& all_keys() {
    static const std::vector<remit::ConfigKey> keys = remit::config_keys();
    return keys;
}

std::string text(const char* given, const char* name) { return &needed(given, name); }

}  // namespace

remit_code remit_config_create(remit_config** config) {
    return guarded([&] {
        needed(config, "config");
        *config = new remit_config;
    });
}

void remit_config_destroy(remit_config* config) { delete config; }

remit_code remit_config_set(remit_config* config, const char* name, const char* value) {
    return guarded([&] { needed(config, "config").loader.set(text(name, "name"), text(value, "value"), kSetter); });
}

remit_code remit_config_read_file(remit_config* config, const char* path) {
    return guarded([&] { needed(config, "config").loader.read_file(text(path, "path")); });
}

remit_code remit_config_read_environment(remit_config* config) {
    return guarded([&] { needed(config, "config").loader.read_environment(); });
}

remit_code remit_config_get(const remit_config* config, const char* name, char* buffer, size_t capacity, size_t* length) {
    return guarded([&] {
        const auto values = needed(config, "config").loader.values();
        const std::string wanted = text(name, "name");
        const auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.key == wanted; });
        if (found == values.end()) {
            throw Error(ErrorKind::bad_argument, fmt::format("there is no option \"{}\"; remit_config_name() names them", wanted));
        }
        remit::capi::copy_text(found->value, buffer, capacity, length);
    });
}

const char* remit_config_name(size_t index) {
    const char* name = nullptr;
    static_cast<void>(guarded([&] {
        if (index < all_keys().size()) name = all_keys()[index].key.c_str();
    }));
    return name;
}

remit_code remit_config_set_pool(remit_config* config, void* memory, size_t bytes) {
    return guarded([&] {
        remit_config& c = needed(config, "config");
        if ((memory == nullptr) != (bytes == 0)) {
            throw Error(ErrorKind::bad_argument, fmt::format("the pool is {} with {} bytes; permitted: memory and its bytes, or null "
                                                             "and 0", memory, bytes));
        }
        c.pool = memory;
        c.pool_size = bytes;
    });
}
