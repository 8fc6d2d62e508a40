#pragma once

#include "layout/block_map.hpp"
#include "protocol/language/actions.hpp"
#include "sim/memory.hpp"
#include "sim/network.hpp"
#include "sim/settings.hpp"
#include "sim/statistics.hpp"
#include "sim/trace.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace remit::sim {

/// A send as its user sees it.
struct SendRecord {
    std::uint64_t id = 0;
    RoomId room = 0;
    std::uint32_t embedding = 0;
    std::uint64_t total = 0;
    std::uint64_t ready = 0;  ///< tokens that are there; the rest of the source is rubbish still
    bool stuck = false;       ///< no more of it comes
    BlockMap map;
    BlockTable table;
    std::uint64_t aux_address = 0;
    std::optional<Status> ended;
};

/// A receive() that will come or has come.
struct Reception {
    RoomId room = 0;
    std::uint32_t language = 0;
    std::uint32_t embedding = 0;
    std::uint32_t required = 1;
    std::uint64_t expected = 0;
    bool sink = true;
    bool refuse = false;  ///< the sink does
    bool owns_deadline = true;
    // once it has come
    std::optional<Status> ended;
    BlockMap tensors;
    std::uint64_t total = 0;
};

struct PlannedSend {
    RoomId room = 0;
    std::uint64_t total = 0;
};

/// What several hosts share: the world around the two state machines.
struct Context;

/// The users of all workers: what they ask for, and whether what they get is right.
class Users {
public:
    explicit Users(Context& context) : context_(context) {}

    /// A room of `total` tokens for some language workers.
    void plan_room(RoomId room, std::uint32_t embedding, const std::vector<std::uint32_t>& languages,
                   std::uint64_t total, bool fresh);

    SendRecord& begin_send(std::uint32_t embedding, const PlannedSend& planned);
    [[nodiscard]] SendRecord* send(std::uint64_t id) {
        return id == 0 || id > sends_.size() ? nullptr : &sends_[id - 1];
    }
    /// Some more of a send's source is there; how much now.
    std::uint64_t more_ready(std::uint64_t send);
    /// A read of a send's source. @throws Violation after its end.
    void check_source(std::uint64_t send);
    void end_send(std::uint64_t send, Status status, const std::string& reason);
    /// The embedding worker is gone and with it its sends.
    void lose_sends(std::uint32_t embedding, Random& random);

    std::uint64_t begin_receive(const Reception& reception);
    [[nodiscard]] Reception& reception(std::uint64_t handle) { return receptions_.at(handle); }
    /// Why a room fails, which it may tell before it is final.
    void note_reason(const std::string& reason);
    void end_receive(const protocol::language::Final& final, const Layout& layout, const BlockMap& pool);
    /// Kept blocks still hold what they did.
    void check_kept(const protocol::language::Final& final, const Layout& layout, const BlockMap& pool);
    void lose_receptions(std::uint32_t language);

    /// How long one of them thinks about a sink: nobody fails for it.
    [[nodiscard]] protocol::Time think();

    /// Something has gone wrong, or was made to: rooms may fail from now on.
    bool hard = false;
    std::vector<Reception> receptions_to_come;
    std::vector<std::vector<PlannedSend>> sends_to_come;  ///< by embedding worker
    std::uint32_t retries = 0;                            ///< rooms that may be tried again
    std::uint32_t reuses = 2;                             ///< rooms whose ids may come again after their end

private:
    [[nodiscard]] Layout source_layout(const SendRecord& record) const;
    void check_data(const protocol::language::Final& final, const Layout& layout, const BlockMap& map,
                    std::span<const BlockId> table);

    Context& context_;
    std::deque<SendRecord> sends_;
    std::map<std::uint64_t, Reception> receptions_;
    std::uint64_t next_handle_ = 1;
    std::uint64_t patience_ = 1800;  ///< ticks that all of them together may think: less than any room's deadline
};

}  // namespace remit::sim
