#include "base/event_log.hpp"

#include <utility>

namespace remit {
namespace {

const LogFields kNone;
thread_local const LogFields* being_logged = &kNone;

}  // namespace

void log_event(spdlog::level::level_enum level, const LogFields& fields, const std::string& text) {
    const LogFields* const before = std::exchange(being_logged, &fields);
    log().log(level, spdlog::string_view_t(text));  // no throw: spdlog tells a sink's exception on stderr
    being_logged = before;
}

const LogFields& fields_being_logged() noexcept { return *being_logged; }

}  // namespace remit
