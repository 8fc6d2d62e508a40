#include "trace/event_file.hpp"

#include "trace/format.hpp"

#include <remit/error.hpp>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace remit::trace {
namespace {

/// Microseconds, as the format has it, with all digits of a nanosecond.
std::string micros(Nanoseconds time) {
    return fmt::format("{}.{:03}", time / 1000, time % 1000);
}

}  // namespace

std::string json_text(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

EventFile::EventFile(const std::string& name)
    : name_(name), file_(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)), process_(::getpid()) {
    const auto failed = [&](const char* call) {
        return Error(ErrorKind::environment, fmt::format("trace.file {}: {}: {}", json_text(name), call, std::strerror(errno)));
    };
    if (!file_.valid()) throw failed("open");
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        throw Error(ErrorKind::misuse,
                    fmt::format("trace.file {}: another worker writes its trace there; name a file for each", json_text(name)));
    }
    if (::ftruncate(file_.get(), 0) != 0 && errno != EINVAL) throw failed("truncate");  // EINVAL: a pipe, a device
}

void EventFile::begin(const Identity& identity) {
    const ClockIdentity clock = clock_identity();
    const nlohmann::json about{{"format", kFormat},
                               {"role", to_string(identity.role)},
                               {"endpoint", identity.endpoint},
                               {"devices", identity.devices},
                               {"host", host_name()},
                               {"pid", process_},
                               {"clock", "CLOCK_MONOTONIC"},
                               {"boot_id", clock.boot},
                               {"time_namespace", clock.time_namespace}};
    fmt::format_to(std::back_inserter(text_), "{{\"displayTimeUnit\":\"ms\",\n\"otherData\":{},\n\"traceEvents\":[\n",
                   about.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    const std::string name = fmt::format("{} worker {}", to_string(identity.role), identity.endpoint);
    line(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})", process_, json_text(name)));
}

void EventFile::line(std::string_view event) {
    if (!std::exchange(first_, false)) text_.append(std::string_view(",\n"));
    text_.append(event);
}

void EventFile::name_row(RowId row, std::string_view name) {
    line(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}}}})", process_, row,
                     json_text(name)));
    line(fmt::format(R"({{"ph":"M","name":"thread_sort_index","pid":{},"tid":{},"args":{{"sort_index":{}}}}})", process_, row,
                     row));
}

void EventFile::slice(RowId row, Nanoseconds begin, Nanoseconds end, std::string_view name, std::string_view args) {
    // What takes no time has no inside that an arrow could begin in.
    const Nanoseconds length = std::max<Nanoseconds>(end - begin, 1);
    line(fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":"{}","args":{{{}}}}})", process_, row,
                     micros(begin), micros(length), name, args));
}

void EventFile::instant(RowId row, Nanoseconds time, std::string_view name, std::string_view args) {
    line(fmt::format(R"({{"ph":"i","s":"t","pid":{},"tid":{},"ts":{},"name":"{}","args":{{{}}}}})", process_, row,
                     micros(time), name, args));
}

void EventFile::async_begin(std::string_view category, std::string_view id, Nanoseconds time, std::string_view name,
                            std::string_view args) {
    line(fmt::format(R"({{"ph":"b","cat":"{}","id2":{{"local":"{}"}},"pid":{},"ts":{},"name":"{}","args":{{{}}}}})", category,
                     id, process_, micros(time), name, args));
}

void EventFile::async_end(std::string_view category, std::string_view id, Nanoseconds time, std::string_view name) {
    line(fmt::format(R"({{"ph":"e","cat":"{}","id2":{{"local":"{}"}},"pid":{},"ts":{},"name":"{}"}})", category, id, process_,
                     micros(time), name));
}

void EventFile::lost(Nanoseconds time, std::uint64_t dropped) {
    line(fmt::format(R"({{"ph":"i","s":"p","pid":{},"tid":100000,"ts":{},"name":"records left out","args":{{"so far":{}}}}})",
                     process_, micros(time), dropped));
}

void EventFile::end(std::uint64_t records, std::uint64_t dropped) {
    line(fmt::format(R"({{"ph":"M","name":"{}","pid":{},"args":{{"records":{},"{}":{}}}}})", kEndEvent, process_, records,
                     kDropped, dropped));
    text_.append(std::string_view("\n]}\n"));
}

void EventFile::give_up(const std::string& reason) {
    if (reason_.empty()) reason_ = fmt::format("{}: {}", json_text(name_), reason);
}

bool EventFile::flush() {
    const char* at = text_.data();
    std::size_t left = reason_.empty() ? text_.size() : 0;
    while (left > 0) {
        const ssize_t written = ::write(file_.get(), at, left);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            give_up(std::strerror(errno));
            break;
        }
        at += written;
        left -= static_cast<std::size_t>(written);
    }
    text_.clear();
    return reason_.empty();
}

}  // namespace remit::trace
