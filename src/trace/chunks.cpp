#include "trace/chunks.hpp"

namespace remit::trace {

void write_chunk(const Chunk& chunk, const std::string& room, const std::string& lane, EventFile& file, Rows& rows) {
    const bool alone = chunk.bytes == 0;  // an immediate without data, as where a round ends on a queue pair that had none
    const std::string name = alone ? fmt::format("{} round {}: its end", room, chunk.round)
                                   : fmt::format("{} round {} chunk {}", room, chunk.round, chunk.number);
    const std::string args = fmt::format(R"("bytes":{}{}{})", chunk.bytes, chunk.shared ? R"(,"gathered":"for another rank")" : "",
                                         chunk.success ? "" : R"(,"end":"dropped or failed")");
    if (chunk.region >= 0) {
        const RowId row = rows.free_from(RowKind::send_region, fmt::format("send region {}", chunk.region), chunk.staged,
                                         chunk.completed);
        file.slice(row, chunk.staged, chunk.completed, name, args);
        if (!chunk.shared && chunk.gathered != 0) file.slice(row, chunk.staged, chunk.gathered, "gather", "");
    }
    if (chunk.posted == 0) return;  // dropped before
    const RowId row = rows.free_from(RowKind::queue_pair, lane, chunk.posted, chunk.completed);
    file.slice(row, chunk.posted, chunk.completed, name, args);
}

}  // namespace remit::trace
