#pragma once

#include <CLI/App.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace remit::sim::scale {

/// What the command line says of simulated clusters.
struct CommandOptions {
    std::vector<std::string> clusters;  ///< "64x512"; empty: none is asked for
    std::vector<std::string> guesses{"0", "1024", "8192", "auto:0.75", "auto:0.9"};
    std::uint64_t requests = 0;  ///< 0: 15625 an embedding worker
    std::uint64_t seed = 1;
    double load = 0.7;
    double link_gigabits = 400;
    double data_delay = 2;      ///< microseconds
    double control_delay = 20;  ///< microseconds
    std::uint32_t pool_blocks = 512;
    std::uint32_t hidden = 4096;
};

void add_options(CLI::App& app, CommandOptions& options);
/// Runs and prints them. Returns whether every request arrived. @throws Error(bad_argument) naming what is permitted.
bool run_command(const CommandOptions& options, unsigned jobs, bool json);

}  // namespace remit::sim::scale
