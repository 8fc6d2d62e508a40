#pragma once

#include <sys/un.h>

#include <optional>
#include <string>

#include "base/descriptor.hpp"

namespace remit::tools {

/// Nothing where the path does not fit.
[[nodiscard]] std::optional<sockaddr_un> unix_address(const std::string& path);

enum class Listener { alive, dead, missing, foreign };
/// Who listens at a path: somebody; nobody, though the socket is there; there is none; it is no socket, or another user's.
[[nodiscard]] Listener who_listens(const std::string& path);

}  // namespace remit::tools
