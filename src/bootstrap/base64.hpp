#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace remit::bootstrap {

/// With padding, as etcd's JSON writes bytes.
[[nodiscard]] std::string base64_of(std::string_view bytes);
/// The other way; nothing for what is no such text.
[[nodiscard]] std::optional<std::string> bytes_of_base64(std::string_view text);

}  // namespace remit::bootstrap
