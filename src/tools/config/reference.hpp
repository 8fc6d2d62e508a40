#pragma once

#include <string>

namespace remit::tools {

/// Every key with type, range, default, option and meaning: the part of docs/configuration.md that is generated.
[[nodiscard]] std::string reference_text();

}  // namespace remit::tools
