#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace remit::gpu::bench {

struct Options {
    int device = 0;
    std::vector<std::uint64_t> mebibytes = {1, 4, 16, 64};
    std::vector<std::uint64_t> hidden = {1280, 4096, 8192};
    std::string out;       ///< JSON file; empty: standard output
    double seconds = 0.1;  ///< for each figure
};

enum class Parsed { run, help, wrong };

/// What is wrong goes to standard error.
[[nodiscard]] Parsed parse(int argc, char** argv, Options& options);

}  // namespace remit::gpu::bench
