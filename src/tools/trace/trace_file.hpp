#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace remit::tools {

/// One end of a control message, as a trace has it.
struct TracedMessage {
    std::string type;  ///< "INIT"
    bool sent = false;
    std::int64_t time_ns = 0;  ///< before it was sent, or after it was read
    std::uint32_t row = 0;
    std::string match;  ///< the same at its other end
    std::string session;
    std::uint64_t generation = 0;
    std::uint64_t sequence = 0;  ///< of PING and PONG
};

/// The trace of one worker, as `--trace` or TraceOptions writes it. Of its events only the control messages are kept: the
/// others are read again when they are needed.
class TraceFile {
public:
    /// Reads and checks all of it. @throws Error(environment) where it cannot be read, Error(bad_argument) naming file and
    /// line where it is no such trace.
    explicit TraceFile(std::string path);

    using OnEvent = std::function<void(nlohmann::json& event)>;
    /// Every event in the order of the file: members ph, pid, and but for metadata a ts that can be counted in
    /// nanoseconds. @throws Error as the constructor.
    void for_each_event(const OnEvent& on_event) const;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const std::string& role() const noexcept { return role_; }  ///< "embedding" or "language"
    [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
    /// Whose clock it is, "" where that is not known; equal ones read the same clock.
    [[nodiscard]] const std::string& clock() const noexcept { return clock_; }
    [[nodiscard]] const std::vector<TracedMessage>& messages() const noexcept { return messages_; }
    /// Nothing in a trace without events.
    [[nodiscard]] std::optional<std::int64_t> first_ns() const noexcept { return first_ns_; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    /// Its end is missing: the worker was killed, or the disk was full.
    [[nodiscard]] bool cut() const noexcept { return cut_; }

private:
    void read_header(const std::string& line);
    void take(const nlohmann::json& event, std::size_t line);

    std::string path_;
    std::string role_;
    std::string endpoint_;
    std::string clock_;
    std::vector<TracedMessage> messages_;
    std::optional<std::int64_t> first_ns_;
    std::uint64_t dropped_ = 0;
    bool cut_ = true;
};

/// A member ts or dur, which was checked, in nanoseconds.
[[nodiscard]] std::int64_t nanoseconds_of(const nlohmann::json& micros);

}  // namespace remit::tools
