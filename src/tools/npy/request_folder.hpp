#pragma once

#include <remit/layout.hpp>
#include <remit/types.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace remit::tools {

/// One request as a serving system has it: embeddings.npy [tokens, hidden], fill_ids.npy [tokens],
/// mrope_positions.npy [3, tokens] and, with deepstack layers, deepstack_embeddings.npy [tokens, hidden * D].
struct RequestFolder {
    std::uint64_t tokens = 0;
    std::uint32_t hidden = 0;
    std::uint32_t deepstack = 0;
    DType dtype = DType::bf16;
    bool narrowed = false;         ///< a file held int64, which is kept as int32
    std::int32_t mrope_delta = 0;  ///< what a generated token's position is ahead of its index

    std::vector<std::byte> embeddings;
    std::vector<std::byte> fill_ids;         ///< int32
    std::vector<std::byte> mrope_positions;  ///< int32
    std::vector<std::byte> deepstack_embeddings;

    [[nodiscard]] const std::vector<std::byte>& data(SegmentKind kind) const;
};

/// @throws UsageError naming the file and what is wrong with it.
[[nodiscard]] RequestFolder read_request(const std::filesystem::path& folder);
/// Makes the folder where it is missing. @throws UsageError naming --output where a request could not be written to it.
void prepare_output(const std::filesystem::path& folder);
/// Makes the folder where it is missing. @throws Error(environment).
void write_request(const std::filesystem::path& folder, const RequestFolder& request);
/// The first difference between two requests, bit for bit.
[[nodiscard]] std::optional<std::string> first_difference(const RequestFolder& a, const RequestFolder& b);

}  // namespace remit::tools
