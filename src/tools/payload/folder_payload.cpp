#include <remit/error.hpp>

#include <algorithm>
#include <cstring>

#include "tools/payload/payload.hpp"

namespace remit::tools {
namespace {

class FolderPayload final : public Payload {
public:
    explicit FolderPayload(std::shared_ptr<const RequestFolder> folder) : folder_(std::move(folder)) {}

    std::uint64_t tokens() const noexcept override { return folder_->tokens; }

    Aux aux() const override {
        Aux aux{};
        aux[0] = static_cast<std::int32_t>(folder_->tokens);
        aux[1] = folder_->mrope_delta;
        aux[2] = kAuxFromFiles;
        return aux;
    }

    void fill(const RowPlace& place, std::span<std::byte> row) const override {
        std::memcpy(row.data(), source(place, row.size()), row.size());
    }

    std::optional<std::uint64_t> first_wrong(const RowPlace& place, std::span<const std::byte> row) const override {
        const std::byte* const expected = source(place, row.size());
        const auto at = std::mismatch(row.begin(), row.end(), expected).first;
        if (at == row.end()) return std::nullopt;
        return static_cast<std::uint64_t>(at - row.begin());
    }

    std::byte byte_at(const RowPlace& place, std::uint64_t row_bytes, std::uint64_t index) const override {
        return source(place, row_bytes)[index];
    }

private:
    [[nodiscard]] const std::byte* source(const RowPlace& place, std::uint64_t row_bytes) const {
        const std::vector<std::byte>& data = folder_->data(place.kind);
        const std::uint64_t offset = (place.plane * folder_->tokens + place.token) * row_bytes;
        if (offset + row_bytes > data.size()) {
            throw Error(ErrorKind::internal, "row " + std::to_string(place.token) + " lies outside its file");
        }
        return data.data() + offset;
    }

    std::shared_ptr<const RequestFolder> folder_;
};

}  // namespace

std::unique_ptr<Payload> make_folder_payload(std::shared_ptr<const RequestFolder> folder) {
    return std::make_unique<FolderPayload>(std::move(folder));
}

}  // namespace remit::tools
