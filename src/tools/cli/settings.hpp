#pragma once

#include <string>

#include "tools/cli/options.hpp"

/// From a command line to the options of workers.
namespace remit::tools {

/// What holds in a command where nobody says anything: the API's defaults, with the deadlines that suit a person at a
/// terminal, or a measurement.
[[nodiscard]] Config defaults_of(Command command);

/// Reads --config and the environment where the command takes them, and fills in what commands use in a form of their own
/// (devices, listen, keys, timeout). @throws UsageError for names of devices, Error as ConfigLoader.
void read_settings(Options& options);

/// Who said it, for a message: "option --fabric", or "remit.toml:3: fabric.kind".
[[nodiscard]] std::string speaker_of(const Options& options, const std::string& key, const std::string& option);

/// The control channel of a worker that listens at `listen`. What a file or the environment says of addresses and keys
/// is meant for a worker by itself, not for the two of a demo or a bench, which meet on this machine.
[[nodiscard]] ControlOptions control_of(const Options& options, const std::string& listen);

}  // namespace remit::tools
