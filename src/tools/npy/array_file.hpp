#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace remit::tools {

/// A NumPy array file: its element type as NumPy writes it ("<f2"), its shape, its elements in C order.
struct ArrayFile {
    std::string descr;
    std::vector<std::uint64_t> shape;
    std::vector<std::byte> data;
};

/// Reads <f2, <f4, <u2, |u1, <i4 and <i8. @throws UsageError naming the file and what is wrong with it.
[[nodiscard]] ArrayFile read_array(const std::filesystem::path& path);
/// @throws Error(environment) where it cannot be written.
void write_array(const std::filesystem::path& path, const ArrayFile& array);

/// "(2000, 4096)".
[[nodiscard]] std::string shape_text(const std::vector<std::uint64_t>& shape);

}  // namespace remit::tools
