#pragma once

#include <cstdint>
#include <string>

namespace remit::bootstrap {

/// "http://10.0.0.1:8998", "etcd://[fd00::1]:2379/remit/a"
struct Url {
    std::string scheme;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 0;
    std::string path;  ///< without the slash in front and at its end

    /// "10.0.0.1:8998"
    [[nodiscard]] std::string authority() const;
};

/// @throws Error(bad_argument) for what has another form, or lacks its port.
[[nodiscard]] Url url_of(const std::string& text);

/// "HOST:PORT" or "[ADDRESS]:PORT", port 0 permitted. @throws Error(bad_argument).
[[nodiscard]] Url listen_address_of(const std::string& text);

}  // namespace remit::bootstrap
