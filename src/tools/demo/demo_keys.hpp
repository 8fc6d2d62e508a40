#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/cli/options.hpp"

namespace remit::tools {

/// A key pair for each half of a demo, in a folder of its own that only this user can read and that goes with the
/// object.
class DemoKeys {
public:
    /// @throws Error(environment) where no such folder can be made.
    DemoKeys();
    ~DemoKeys();
    DemoKeys(const DemoKeys&) = delete;
    DemoKeys& operator=(const DemoKeys&) = delete;

    /// What one half is told of them: as options, and as a command line says it.
    [[nodiscard]] Options added_to(Options options, Command half) const;
    [[nodiscard]] std::vector<std::string> arguments(Command half) const;

    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    std::filesystem::path folder_;
};

}  // namespace remit::tools
