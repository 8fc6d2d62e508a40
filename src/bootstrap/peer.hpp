#pragma once

#include <remit/bootstrap.hpp>

#include <string>

namespace remit::bootstrap {

/// What a directory may hold: a numeric address, a port, a key of Z85 or none. Empty where all is well, else what is wrong.
[[nodiscard]] std::string fault_of(const Peer& peer);

}  // namespace remit::bootstrap
