#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace remit::tools::test {

struct Outcome {
    int status = -1;
    std::string out;
    std::string err;

    /// The last line of stdout.
    [[nodiscard]] nlohmann::json json() const {
        std::istringstream lines(out);
        std::string last;
        for (std::string line; std::getline(lines, line);) last = line;
        return nlohmann::json::parse(last);
    }
};

inline std::string read_text(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// Runs the built command. No hang: it is killed after two minutes.
inline Outcome run_command(const std::vector<std::string>& arguments) {
    const TemporaryFolder folder;
    std::string line = "timeout -k 5 120 " REMIT_COMMAND;
    for (const std::string& argument : arguments) line += " '" + argument + "'";
    line += " >" + (folder / "out").string() + " 2>" + (folder / "err").string() + " </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(folder / "out"), read_text(folder / "err")};
}

}  // namespace remit::tools::test
