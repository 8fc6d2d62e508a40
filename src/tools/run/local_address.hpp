#pragma once

#include <string>

namespace remit::tools {

/// Where to listen so that the peer at `endpoint` can answer: the local address that packets to it leave from, any
/// free port. Loopback where the endpoint is empty or no numeric one, which is for the worker to refuse.
[[nodiscard]] std::string listen_towards(const std::string& endpoint);

}  // namespace remit::tools
