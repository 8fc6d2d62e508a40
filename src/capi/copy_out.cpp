#include "capi/copy_out.hpp"

#include "capi/errors.hpp"

#include <algorithm>

namespace remit::capi {

void require_room(const char* name, std::size_t capacity, std::size_t needed) {
    if (capacity < needed) throw TooSmall(fmt::format("{} has room for {}; {} are needed", name, capacity, needed));
}

void copy_text(std::string_view text, char* buffer, std::size_t capacity, std::size_t* length) {
    if (capacity > 0) needed(buffer, "buffer");
    if (length != nullptr) *length = text.size();
    require_room("buffer", capacity, text.size() + 1);
    std::copy(text.begin(), text.end(), buffer);
    buffer[text.size()] = '\0';
}

void put_text(std::string_view text, char* field, std::size_t capacity) {
    if (text.size() >= capacity) {
        throw Error(ErrorKind::internal, fmt::format("\"{}\" is longer than its field of {} bytes", text, capacity));
    }
    std::copy(text.begin(), text.end(), field);
    field[text.size()] = '\0';
}

void copy_blocks(const BlockTable& table, BlockId* blocks, std::size_t capacity, std::size_t& count) {
    if (capacity > 0) needed(blocks, "blocks");
    count = table.size();
    require_room("blocks", capacity, table.size());
    std::copy(table.begin(), table.end(), blocks);
}

}  // namespace remit::capi
