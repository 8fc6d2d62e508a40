#pragma once

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace remit::config {

/// The text of a file. @throws Error(bad_argument) with its name and why where it cannot be read or is larger than a
/// configuration can be.
[[nodiscard]] inline std::string read_text_file(const std::string& path) {
    constexpr std::uintmax_t kMostBytes = 1 << 20;
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorKind::bad_argument, fmt::format("file \"{}\" cannot be read: {}", path, why));
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (error) refuse(error.message());
    if (std::filesystem::is_directory(status)) refuse("it is a folder");
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse(std::generic_category().message(errno));
    std::string text(kMostBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) refuse("reading failed");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostBytes) refuse(fmt::format("it is larger than {} bytes", kMostBytes));
    return text;
}

}  // namespace remit::config
