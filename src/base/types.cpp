#include <remit/types.hpp>

#include <array>
#include <utility>

namespace remit {
namespace {

struct DTypeRow {
    DType dtype;
    std::string_view name;
    std::uint32_t bytes;
};

constexpr std::array<DTypeRow, 5> kDTypes{{
    {DType::bf16, "bf16", 2},
    {DType::fp16, "fp16", 2},
    {DType::fp32, "fp32", 4},
    {DType::fp8, "fp8", 1},
    {DType::int32, "int32", 4},
}};

constexpr std::array<std::string_view, 5> kStatusNames{
    "Failed", "Bootstrapping", "WaitingForInput", "Transferring", "Success"};

constexpr std::array<std::string_view, 6> kAnswerNames{"none", "not_ready", "coming", "never", "unknown", "failed"};

}  // namespace

std::string_view to_string(SenderAnswer answer) noexcept { return kAnswerNames[static_cast<std::size_t>(answer)]; }

std::string_view to_string(Status status) noexcept { return kStatusNames[static_cast<std::size_t>(status)]; }

std::uint32_t dtype_bytes(DType dtype) noexcept { return kDTypes[static_cast<std::size_t>(dtype)].bytes; }

std::string_view to_string(DType dtype) noexcept { return kDTypes[static_cast<std::size_t>(dtype)].name; }

std::optional<DType> dtype_from(std::string_view name) noexcept {
    for (const DTypeRow& row : kDTypes) {
        if (row.name == name) return row.dtype;
    }
    return std::nullopt;
}

}  // namespace remit
