#pragma once

#include <remit/memory_options.hpp>
#include <remit/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace remit::tools {

/// Of a worker, in what it tells `remit top`: the oldest.
inline constexpr std::size_t kShownRooms = 1000;

enum class Side : std::uint8_t { embedding, language };

[[nodiscard]] constexpr const char* to_string(Side side) noexcept {
    return side == Side::embedding ? "embedding" : "language";
}

/// "embedding", "language", or "language 2" where there are several.
[[nodiscard]] inline std::string name_of(Side side, std::optional<std::uint32_t> rank) {
    std::string name = to_string(side);
    if (rank) name.append(" ").append(std::to_string(*rank));
    return name;
}

/// Something that happened to the request whose timeline is shown.
struct TimelineEvent {
    std::int64_t time_ns = 0;  ///< of the steady clock, which the processes of one machine share
    Side side = Side::language;
    std::optional<std::uint32_t> rank = std::nullopt;  ///< which language worker, where there are several
    std::string what;
    std::uint32_t round = 0;
    std::uint64_t first_token = 0;
    std::uint64_t tokens = 0;
    std::uint64_t bytes = 0;
    std::uint32_t blocks = 0;
    Status status = Status::Bootstrapping;
};

struct Progress {
    std::uint32_t requests_done = 0;
    std::uint32_t requests = 0;
    std::uint64_t tokens_done = 0;
    std::uint64_t tokens = 0;
};

/// How one half of a run ended.
struct HalfReport {
    Side side = Side::language;
    Status status = Status::Success;
    std::string reason;
    std::optional<bool> verified;  ///< nothing: this half cannot tell
    std::string device;
    DataPath path{};
    std::uint32_t requests = 0;  ///< that ended well
    std::uint64_t tokens = 0;    ///< of these
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> writes;  ///< nothing: this half cannot tell
    double seconds = 0;
    std::int64_t begin_ns = 0;  ///< of the steady clock, when `seconds` began; 0: nothing began
};

/// Told what happens in a half, on the thread that runs it.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void ready(Side side, const std::string& endpoint, const std::string& device) = 0;
    virtual void timeline(const TimelineEvent& event) = 0;
    virtual void progress(const Progress& progress) = 0;
};

}  // namespace remit::tools
