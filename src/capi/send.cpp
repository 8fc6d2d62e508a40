#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/sized.hpp"
#include "capi/worker_common.hpp"

using remit::capi::guarded;
using remit::capi::needed;

static_assert(static_cast<int>(remit::Status::Success) == REMIT_STATUS_SUCCESS);

void remit_send_destroy(remit_send* send) { delete send; }

remit_code remit_send_poll(const remit_send* send, remit_status* status) {
    return guarded([&] { needed(status, "status") = static_cast<remit_status>(needed(send, "send").value.poll()); });
}

remit_code remit_send_wait(const remit_send* send, int64_t timeout_ms, remit_status* status) {
    return guarded([&] {
        needed(status, "status");
        const auto deadline = remit::capi::deadline_after(timeout_ms);
        *status = static_cast<remit_status>(needed(send, "send").value.wait(deadline));
    });
}

remit_code remit_send_reason(const remit_send* send, char* buffer, size_t capacity, size_t* length) {
    return remit::capi::reason(send, "send", buffer, capacity, length);
}

remit_code remit_send_descriptor(const remit_send* send, int* descriptor) {
    return remit::capi::descriptor(send, "send", descriptor);
}

remit_code remit_send_ready(const remit_send* send, uint64_t tokens) {
    return guarded([&] { needed(send, "send").value.ready(tokens); });
}

remit_code remit_send_ready_behind(const remit_send* send, uint64_t tokens, void* stream) {
    return guarded([&] { needed(send, "send").value.ready(tokens, remit::Stream(stream)); });
}

remit_code remit_send_abort(const remit_send* send) {
    return guarded([&] { needed(send, "send").value.abort(); });
}

remit_code remit_send_progress(const remit_send* send, remit_progress* progress) {
    return guarded([&] {
        const remit::Send& s = needed(send, "send").value;
        remit::capi::write_sized(remit_progress{0, s.rounds(), s.failed_ranks(), s.writes(), s.bytes(), s.gathered()}, progress,
                                 "progress");
    });
}
