#pragma once

#include <remit/error.hpp>

namespace remit::tools {

enum class ExitStatus : int {
    verified = 0,     ///< every transfer ended well and every byte was right
    failed = 1,       ///< a transfer failed, or a byte was wrong
    usage = 2,        ///< an option, a value or a file that is not permitted
    environment = 3,  ///< the machine lacks something
};

[[nodiscard]] constexpr ExitStatus exit_status_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::bad_argument:
        case ErrorKind::misuse: return ExitStatus::usage;
        case ErrorKind::environment: return ExitStatus::environment;
        case ErrorKind::exhausted:
        case ErrorKind::refused:
        case ErrorKind::internal: break;
    }
    return ExitStatus::failed;
}

}  // namespace remit::tools
