#include "capi/errors.hpp"

#include <algorithm>
#include <cstring>

namespace remit::capi {
namespace {

// Of fixed size: to keep a message must not fail.
constexpr std::size_t kLongestMessage = 1024;
thread_local char last_error[kLongestMessage] = "";

}  // namespace

remit_code fail(remit_code code, std::string_view message) noexcept {
    const std::size_t kept = std::min(message.size(), kLongestMessage - 1);
    std::memcpy(last_error, message.data(), kept);
    last_error[kept] = '\0';
    return code;
}

remit_code code_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::bad_argument: return REMIT_BAD_ARGUMENT;
        case ErrorKind::misuse: return REMIT_MISUSE;
        case ErrorKind::environment: return REMIT_ENVIRONMENT;
        case ErrorKind::exhausted: return REMIT_EXHAUSTED;
        case ErrorKind::refused: return REMIT_REFUSED;
        case ErrorKind::internal: return REMIT_INTERNAL;
    }
    return REMIT_INTERNAL;
}

}  // namespace remit::capi

const char* remit_last_error(void) { return remit::capi::last_error; }
