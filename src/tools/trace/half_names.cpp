#include "tools/trace/half_names.hpp"

#include <filesystem>

namespace remit::tools {

std::string half_trace_name(const std::string& merged, Side side, std::uint32_t rank, std::uint32_t ranks) {
    const std::filesystem::path path(merged);
    std::string name = path.stem().string();
    name.append(".").append(to_string(side));
    if (side == Side::language && ranks > 1) name.append("-").append(std::to_string(rank));
    const std::string extension = path.extension().string();
    return (path.parent_path() / (name + (extension.empty() ? ".json" : extension))).string();
}

std::vector<std::string> half_trace_names(const std::string& merged, std::uint32_t ranks) {
    std::vector<std::string> names{half_trace_name(merged, Side::embedding, 0, ranks)};
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        names.push_back(half_trace_name(merged, Side::language, rank, ranks));
    }
    return names;
}

}  // namespace remit::tools
