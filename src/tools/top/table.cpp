#include "tools/top/table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

namespace remit::tools {
namespace {

using Cells = std::vector<std::string>;

/// What came from a peer or a user must not move the cursor.
std::string printable(const std::string& text) {
    std::string out = text;
    for (char& c : out) {
        if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
    }
    return out;
}

/// Lines of a table, columns as wide as their widest cell; the last is cut where the line has no room.
std::string table_text(const std::vector<Cells>& rows, std::size_t width) {
    std::vector<std::size_t> widths;
    for (const Cells& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const Cells& row : rows) {
        std::string line = " ";
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += i + 1 < row.size() ? fmt::format(" {:<{}} ", row[i], widths[i]) : " " + row[i];
        }
        if (width > 0 && line.size() > width) line.resize(width);
        text += line + "\n";
    }
    return text;
}

std::string more_text(std::uint64_t all, std::size_t shown, const char* what) {
    return all > shown ? fmt::format("  … and {} more {}\n", all - shown, what) : "";
}

std::string head_text(const WorkerSnapshot& worker) {
    const std::uint32_t used = worker.pool_blocks - std::min(worker.pool_blocks, worker.free_blocks + worker.quarantined_blocks);
    const bool embeds = worker.worker == "embedding";
    return fmt::format("{} worker at {} on {}, up {}\n  pool {} blocks: {} used, {} free{}; {} {} under way, {} {}\n",
                       printable(worker.worker), printable(worker.endpoint), printable(worker.device),
                       duration_text(worker.uptime), worker.pool_blocks, used, worker.free_blocks,
                       worker.quarantined_blocks > 0 ? fmt::format(", {} quarantined", worker.quarantined_blocks) : "",
                       worker.unfinished, embeds ? "sends" : "rooms", worker.waiting,
                       embeds ? "INITs without a send()" : "wait for memory");
}

std::string rooms_text(const WorkerSnapshot& worker, std::size_t rows, std::size_t width) {
    if (worker.rooms.empty()) return "";
    std::vector<Cells> table{{"ROOM", "AGE", "STATUS", "TOKENS", "ROUNDS", "BLOCKS", "PEER", "SESSION", "WAITS FOR"}};
    const std::size_t shown = std::min(rows, worker.rooms.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const RoomSnapshot& room = worker.rooms[i];
        const std::string total = room.total_tokens == 0 ? "?" : std::to_string(room.total_tokens);
        table.push_back({std::to_string(room.room), duration_text(room.age), std::string(to_string(room.status)),
                         fmt::format("{}/{}", room.tokens, total), std::to_string(room.rounds), std::to_string(room.blocks),
                         room.peer.empty() ? "-" : printable(room.peer), room.session == 0 ? "-" : std::to_string(room.session),
                         printable(room.waits_for)});
    }
    return table_text(table, width) + more_text(worker.unfinished, shown, "that are younger");
}

std::string sessions_text(const WorkerSnapshot& worker, std::size_t rows, std::size_t width) {
    if (worker.sessions.empty()) return "";
    std::vector<Cells> table{{"SESSION", "PEER", "STATE", "GENERATIONS", "ROOMS", "SILENT"}};
    const std::size_t shown = std::min(rows, worker.sessions.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const SessionSnapshot& session = worker.sessions[i];
        table.push_back({std::to_string(session.session), printable(session.peer), printable(session.state),
                         std::to_string(session.generations), std::to_string(session.rooms),
                         session.state == "up" ? duration_text(session.silent) : "-"});
    }
    return table_text(table, width) + more_text(worker.sessions.size(), shown, "sessions");
}

}  // namespace

std::string duration_text(std::chrono::milliseconds time) {
    const auto ms = time.count();
    if (ms < 1000) return fmt::format("{} ms", ms);
    if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
    const auto minutes = ms / 60'000;
    if (minutes < 60) return fmt::format("{} m {:02} s", minutes, ms / 1000 % 60);
    return fmt::format("{} h {:02} m", minutes / 60, minutes % 60);
}

std::string status_text(const std::vector<WorkerSnapshot>& workers, std::size_t rows, std::size_t width) {
    std::string text;
    for (const WorkerSnapshot& worker : workers) {
        if (!text.empty()) text += "\n";
        text += head_text(worker) + sessions_text(worker, rows, width) + rooms_text(worker, rows, width);
    }
    return text;
}

}  // namespace remit::tools
