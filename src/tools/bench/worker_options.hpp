#pragma once

#include <remit/options.hpp>

#include <string>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// Options of the two workers of a bench. Sends wait for as long as the receiver takes, so no deadline of theirs is
/// short.
[[nodiscard]] EmbeddingWorkerOptions bench_embedding_options(const Options& options, const std::string& device);
/// @param overlap false for the serial modes
[[nodiscard]] LanguageWorkerOptions bench_language_options(const Options& options, const std::string& device,
                                                           bool overlap);

}  // namespace remit::tools
