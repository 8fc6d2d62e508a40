#pragma once

#include <optional>
#include <string>
#include <variant>

#include "tools/exit_status.hpp"
#include "tools/run/observer.hpp"

namespace remit::tools {

/// What the two processes of a demo tell the third, one JSON object a line.
struct ReadyEvent {
    Side side{};
    std::string endpoint;
    std::string device;
};

struct ErrorEvent {
    ExitStatus status = ExitStatus::failed;
    std::string message;
};

using Event = std::variant<ReadyEvent, TimelineEvent, Progress, HalfReport, ErrorEvent>;

[[nodiscard]] std::string encode(const Event& event);
/// Nothing where the line is none of ours.
[[nodiscard]] std::optional<Event> decode(const std::string& line);

/// Writes events to stdout as they come.
class EventWriter final : public Observer {
public:
    void ready(Side side, const std::string& endpoint, const std::string& device) override;
    void timeline(const TimelineEvent& event) override { write(event); }
    void progress(const Progress& progress) override { write(progress); }
    void write(const Event& event);
};

}  // namespace remit::tools
