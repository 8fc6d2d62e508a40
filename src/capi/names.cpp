// Names of numbers, the version, keys: what needs no handle.

#include "capi/copy_out.hpp"
#include "capi/errors.hpp"

#include <remit/keys.hpp>
#include <remit/types.hpp>

#include <array>

namespace {

using remit::capi::guarded;

constexpr std::array kCodeNames{"ok",      "bad_argument", "misuse",    "environment", "exhausted",
                                "refused", "internal",     "no_memory", "too_small"};

/// The C++ names are literals, so they end with a 0.
template <class Enum>
const char* name_of(int number, Enum last) {
    return number < 0 || number > static_cast<int>(last) ? "?" : remit::to_string(static_cast<Enum>(number)).data();
}

}  // namespace

const char* remit_version(void) { return REMIT_VERSION; }

const char* remit_code_name(remit_code code) {
    return code < 0 || static_cast<std::size_t>(code) >= kCodeNames.size() ? "?" : kCodeNames[static_cast<std::size_t>(code)];
}

const char* remit_status_name(remit_status status) { return name_of(status, remit::Status::Success); }

const char* remit_answer_name(remit_answer answer) { return name_of(answer, remit::SenderAnswer::failed); }

remit_code remit_generate_keys(const char* folder, char* public_key, size_t capacity) {
    return guarded([&] {
        constexpr std::size_t kKey = 40;
        const std::string where = &remit::capi::needed(folder, "folder");
        if (capacity > 0) remit::capi::needed(public_key, "public_key");
        // Before there are keys: a second call would find them there and refuse.
        if (capacity > 0) remit::capi::require_room("public_key", capacity, kKey + 1);
        const remit::KeyFiles files = remit::generate_keys(where);
        if (capacity > 0) remit::capi::copy_text(files.public_key, public_key, capacity, nullptr);
    });
}
