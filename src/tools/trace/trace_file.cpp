#include "tools/trace/trace_file.hpp"

#include <remit/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <utility>

#include "trace/format.hpp"

namespace remit::tools {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr double kMostMicros = 9e15;  // what 63 bits of nanoseconds hold

[[noreturn]] void refuse(const std::string& path, std::size_t line, const std::string& why) {
    throw Error(ErrorKind::bad_argument, path + ":" + std::to_string(line) + ": " + why +
                                             "; permitted: a trace that `--trace` has written, as it wrote it");
}

/// Opens, and takes line after line of a file that others may have written.
class Lines {
public:
    explicit Lines(const std::string& path) : path_(path), stream_(path, std::ios::binary) {
        if (!stream_) throw Error(ErrorKind::environment, path + ": cannot be read: " + std::strerror(errno));
    }

    bool next(std::string& line) {
        line.clear();
        ++number_;
        for (int one = stream_.get(); one != std::char_traits<char>::eof(); one = stream_.get()) {
            if (one == '\n') return true;
            if (line.size() == kLongestLine) refuse(path_, number_, "a line of more than " + std::to_string(kLongestLine) + " bytes");
            line.push_back(static_cast<char>(one));
        }
        if (stream_.bad()) throw Error(ErrorKind::environment, path_ + ": cannot be read to its end");
        return !line.empty();
    }
    [[nodiscard]] std::size_t number() const noexcept { return number_; }
    [[nodiscard]] bool at_end() { return stream_.peek() == std::char_traits<char>::eof(); }

private:
    const std::string& path_;
    std::ifstream stream_;
    std::size_t number_ = 0;
};

void drop_comma(std::string& line) {
    if (!line.empty() && line.back() == ',') line.pop_back();
}

bool is_time(const json& value) {
    if (!value.is_number()) return false;
    const double micros = value.get<double>();
    return std::isfinite(micros) && micros >= 0 && micros <= kMostMicros;
}

bool is_row(const json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max();
}

/// What every event must have, "" where it has it.
std::string fault_of(const json& event) {
    if (!event.is_object()) return "no event";
    const auto ph = event.find("ph");
    if (ph == event.end() || !ph->is_string() || ph->get_ref<const std::string&>().size() != 1) return "an event without \"ph\"";
    if (!event.contains("pid") || !event["pid"].is_number_integer()) return "an event without \"pid\"";
    if (event.contains("tid") && !is_row(event["tid"])) return "an event whose \"tid\" is no row";
    if (event.contains("args") && !event["args"].is_object()) return "an event whose \"args\" are no object";
    if (event.contains("name") && !event["name"].is_string()) return "an event whose \"name\" is no text";
    if (event.contains("ts") ? !is_time(event["ts"]) : *ph != "M") return "an event whose \"ts\" is no time";
    if (*ph == "X" && (!event.contains("dur") || !is_time(event["dur"]) || !event.contains("tid"))) {
        return "a slice without \"dur\" or \"tid\"";
    }
    return "";
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t number_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

std::int64_t nanoseconds_of(const json& micros) {
    return std::llround(micros.get<double>() * 1e3);
}

TraceFile::TraceFile(std::string path) : path_(std::move(path)) {
    Lines lines(path_);
    std::string line;
    for (const char* wanted : {"{\"displayTimeUnit\"", "\"otherData\":", "\"traceEvents\":["}) {
        if (!lines.next(line) || line.rfind(wanted, 0) != 0) refuse(path_, lines.number(), "no trace of remit's");
        if (line.rfind("\"otherData\":", 0) == 0) read_header(line.substr(std::strlen("\"otherData\":")));
    }
    std::size_t number = lines.number();
    for_each_event([&](const json& event) { take(event, ++number); });
}

void TraceFile::read_header(const std::string& text) {
    std::string trimmed = text;
    drop_comma(trimmed);
    const json about = json::parse(trimmed, nullptr, false);
    if (!about.is_object()) refuse(path_, 2, "no trace of remit's");
    const std::string format = text_of(about, "format");
    if (format == trace::kMergedFormat) refuse(path_, 2, "several traces that were merged already");
    if (format != trace::kFormat) refuse(path_, 2, "format \"" + format.substr(0, 40) + "\" instead of " + trace::kFormat);
    role_ = text_of(about, "role");
    endpoint_ = text_of(about, "endpoint").substr(0, 200);
    if (role_ != "embedding" && role_ != "language") refuse(path_, 2, "role \"" + role_.substr(0, 40) + "\"");
    const std::string boot = text_of(about, "boot_id");
    const std::string time_namespace = text_of(about, "time_namespace");
    if (!boot.empty() && !time_namespace.empty()) clock_ = boot + " " + time_namespace;
}

void TraceFile::take(const json& event, std::size_t line) {
    const std::string& ph = event["ph"].get_ref<const std::string&>();
    const json none = json::object();
    const json& args = event.contains("args") ? event["args"] : none;
    if (ph == "M") {
        if (text_of(event, "name") != trace::kEndEvent) return;
        cut_ = false;
        dropped_ = number_of(args, trace::kDropped);
        return;
    }
    const std::int64_t time = nanoseconds_of(event["ts"]);
    first_ns_ = std::min(first_ns_.value_or(time), time);
    TracedMessage message;
    message.match = text_of(args, trace::kMatch);
    if (ph != "X" || message.match.empty()) return;
    const std::string direction = text_of(args, trace::kDirection);
    if (direction != trace::kSent && direction != trace::kReceived) refuse(path_, line, "a message without direction");
    message.sent = direction == trace::kSent;
    const std::string name = text_of(event, "name");
    message.type = name.substr(0, name.find(' '));
    message.time_ns = time;
    message.row = event["tid"].get<std::uint32_t>();
    message.session = text_of(args, trace::kSession);
    message.generation = number_of(args, trace::kGeneration);
    message.sequence = number_of(args, trace::kSequence);
    messages_.push_back(std::move(message));
}

void TraceFile::for_each_event(const OnEvent& on_event) const {
    Lines lines(path_);
    std::string line;
    for (int header = 0; header < 3; ++header) lines.next(line);
    while (lines.next(line)) {
        if (line == "]}") return;
        if (line.empty()) continue;
        drop_comma(line);
        json event = json::parse(line, nullptr, false);
        // The last line of what was cut off need not be whole.
        if (event.is_discarded() && lines.at_end()) return;
        if (const std::string fault = fault_of(event); !fault.empty()) refuse(path_, lines.number(), fault);
        on_event(event);
    }
}

}  // namespace remit::tools
