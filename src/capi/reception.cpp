#include "capi/copy_out.hpp"
#include "capi/errors.hpp"
#include "capi/handles.hpp"
#include "capi/worker_common.hpp"

#include <algorithm>

using remit::Error;
using remit::ErrorKind;
using remit::capi::guarded;
using remit::capi::needed;

namespace {

static_assert(static_cast<int>(remit::SenderAnswer::failed) == REMIT_ANSWER_FAILED);

remit_status told(const remit_reception& reception, remit::Status status) {
    if (status == remit::Status::Success) reception.succeeded = true;
    return static_cast<remit_status>(status);
}

const remit_reception& successful(const remit_reception* reception, const char* what) {
    const remit_reception& r = needed(reception, "reception");
    if (!r.succeeded && told(r, r.value.poll()) != REMIT_STATUS_SUCCESS) {
        throw Error(ErrorKind::misuse, fmt::format("there is no {} before Success; the status is {}", what,
                                                   remit::to_string(r.value.poll())));
    }
    return r;
}

}  // namespace

void remit_reception_destroy(remit_reception* reception) { delete reception; }

remit_code remit_reception_poll(const remit_reception* reception, remit_status* status) {
    return guarded([&] {
        const remit_reception& r = needed(reception, "reception");
        needed(status, "status") = told(r, r.value.poll());
    });
}

remit_code remit_reception_wait(const remit_reception* reception, int64_t timeout_ms, remit_status* status) {
    return guarded([&] {
        const remit_reception& r = needed(reception, "reception");
        needed(status, "status");
        *status = told(r, r.value.wait(remit::capi::deadline_after(timeout_ms)));
    });
}

remit_code remit_reception_wait_on(const remit_reception* reception, void* stream, int64_t timeout_ms, remit_status* status) {
    return guarded([&] {
        const remit_reception& r = needed(reception, "reception");
        needed(status, "status");
        *status = told(r, r.value.wait(remit::Stream(stream), remit::capi::deadline_after(timeout_ms)));
    });
}

remit_code remit_reception_reason(const remit_reception* reception, char* buffer, size_t capacity, size_t* length) {
    return remit::capi::reason(reception, "reception", buffer, capacity, length);
}

remit_code remit_reception_descriptor(const remit_reception* reception, int* descriptor) {
    return remit::capi::descriptor(reception, "reception", descriptor);
}

remit_code remit_reception_abort(const remit_reception* reception, const char* reason) {
    return guarded([&] { needed(reception, "reception").value.abort(reason == nullptr ? "" : reason); });
}

remit_code remit_reception_answer(const remit_reception* reception, remit_answer* answer) {
    return guarded(
        [&] { needed(answer, "answer") = static_cast<remit_answer>(needed(reception, "reception").value.answer()); });
}

remit_code remit_reception_total_tokens(const remit_reception* reception, uint64_t* tokens) {
    return guarded([&] { needed(tokens, "tokens") = needed(reception, "reception").value.total_tokens(); });
}

remit_code remit_reception_rounds(const remit_reception* reception, uint32_t* rounds) {
    return guarded([&] { needed(rounds, "rounds") = needed(reception, "reception").value.rounds(); });
}

remit_code remit_reception_aux(const remit_reception* reception, int32_t* aux) {
    return guarded([&] {
        needed(aux, "aux");
        const remit::Aux values = successful(reception, "aux").value.aux();
        std::copy(values.begin(), values.end(), aux);
    });
}

remit_code remit_reception_table(const remit_reception* reception, uint32_t* blocks, size_t capacity, size_t* count) {
    return guarded([&] {
        needed(count, "count");
        const remit_reception& r = successful(reception, "table");
        if (!r.keeps_blocks) throw Error(ErrorKind::misuse, "a room with a sink keeps no blocks");
        if (r.released) throw Error(ErrorKind::misuse, "the blocks were released");
        remit::capi::copy_blocks(r.value.table(), blocks, capacity, *count);
    });
}

remit_code remit_reception_release(const remit_reception* reception) {
    return guarded([&] {
        const remit_reception& r = needed(reception, "reception");
        // Before the end there is nothing to give back, and what comes stays the handle's.
        if (is_final(r.value.poll())) r.released = true;
        r.value.release();
    });
}
