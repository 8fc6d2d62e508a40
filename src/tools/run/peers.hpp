#pragma once

#include <memory>
#include <string>

#include "bootstrap/publication.hpp"
#include "tools/cli/options.hpp"
#include "tools/run/stop.hpp"

namespace remit::tools {

/// Registers an embedding worker that listens at `endpoint` with the directory that the options name, for as long as the
/// result lives; null where they name none. @throws Error(environment) where the directory cannot be reached.
[[nodiscard]] std::unique_ptr<bootstrap::Publication> publish(const Options& options, const std::string& endpoint);

/// The options of a language worker, with the endpoint of the embedding worker and its key looked up where they name a
/// directory or a file. Waits --timeout for it. @throws Error(environment) where it is not there by then.
[[nodiscard]] Options with_peer(Options options, const Stop& stop);

}  // namespace remit::tools
