#pragma once

#include <stdlib.h>
#include <remit/keys.hpp>
#include <remit/options.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace remit::control::test {

/// A folder for keys that only this user can read, gone at the end.
class KeyFolder {
public:
    KeyFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "remit_keys_XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    ~KeyFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    KeyFolder(const KeyFolder&) = delete;
    KeyFolder& operator=(const KeyFolder&) = delete;

    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    [[nodiscard]] KeyFiles make(const std::string& name) const { return generate_keys(path_ / name); }
    /// A folder of allowed keys with one key in it.
    [[nodiscard]] std::string allowing(const KeyFiles& files) const {
        return std::filesystem::path(files.public_key_file).parent_path().string();
    }

private:
    std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace remit::control::test
