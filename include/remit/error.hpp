#pragma once

#include <remit/export.hpp>

#include <stdexcept>
#include <string>

namespace remit {

/// What kind of mistake or lack an Error reports. The `remit` command maps these to exit statuses.
enum class ErrorKind {
    bad_argument,  ///< a value outside its permitted range
    misuse,        ///< a call that the current state does not permit
    environment,   ///< the machine lacks something: device, port, memlock, permission
    exhausted,     ///< a configured limit or a pool is used up
    refused,       ///< the peer refused: other layout, version or limits
    internal,      ///< a broken invariant inside remit
};

/// Thrown by set-up and by misuse of the API; the hot path returns a status instead.
/// The message names the value, the limit and the remedy.
class REMIT_API Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

private:
    ErrorKind kind_;
};

}  // namespace remit
