#pragma once

#include <remit/options.hpp>

/// What a worker asks of its options: each value in the range of its key, and no two that contradict each other. What needs
/// the machine or a pool to be judged is checked where those are.
namespace remit::config {

/// @throws Error(bad_argument) naming key, value and what is permitted.
void check(const EmbeddingWorkerOptions& options);
void check(const LanguageWorkerOptions& options);
void check(const MemoryOptions& options);

}  // namespace remit::config
