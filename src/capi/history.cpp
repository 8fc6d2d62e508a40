#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/sized.hpp"

#include <chrono>

using remit::Error;
using remit::ErrorKind;
using remit::capi::guarded;
using remit::capi::needed;

namespace {

/// std::chrono::steady_clock is CLOCK_MONOTONIC with Linux's standard libraries.
std::int64_t nanoseconds(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

remit_code remit_reception_history(const remit_reception* reception, remit_history** history) {
    return guarded([&] {
        needed(history, "history");
        *history = new remit_history{needed(reception, "reception").value.history()};
    });
}

void remit_history_destroy(remit_history* history) { delete history; }

remit_code remit_history_events(const remit_history* history, size_t* count) {
    return guarded([&] { needed(count, "count") = needed(history, "history").events.size(); });
}

remit_code remit_history_event(const remit_history* history, size_t index, remit_room_event* event) {
    return guarded([&] {
        const auto& events = needed(history, "history").events;
        if (index >= events.size()) {
            throw Error(ErrorKind::bad_argument, fmt::format("index is {}; the history has {} events", index, events.size()));
        }
        const remit::RoomEvent& e = events[index];
        remit::capi::write_sized(remit_room_event{0, e.what.c_str(), nanoseconds(e.time), e.first_token, e.tokens, e.round,
                                                  e.blocks, static_cast<remit_status>(e.status), 0},
                                 event, "event");
    });
}
