#pragma once

#include <infiniband/verbs.h>

#include <atomic>
#include <cstdint>

/// Makes libibverbs fail as no device at hand would. The test program defines a few of its entry points itself and
/// passes on to the library's, so that the workers under test are the product's own, unchanged. All of it is off until
/// a test switches it on in the process that is to suffer.
namespace remit::worker::test::meddling {

/// ibv_post_send() fails with this error from now on; 0: as the provider does.
extern std::atomic<int> post_send_error;
/// How often it did.
extern std::atomic<int> posts_refused;
/// Requests that carried their bytes themselves.
extern std::atomic<int> inlined;
/// So many writes yet carry a wrong first byte, whatever the device's checks say: it is changed where the device reads it.
extern std::atomic<int> writes_to_spoil;
/// ibv_poll_cq() says that the queue is broken.
extern std::atomic<bool> poll_fails;
/// No completion is seen.
extern std::atomic<bool> completions_held;
/// Receives are taken and never reach the device.
extern std::atomic<bool> receives_vanish;
/// The next asynchronous event is told as this one; negative: as it is.
extern std::atomic<int> event_told_as;

/// Takes away the largest region that a peer may write to, as its owner would by mistake. False where there is none.
[[nodiscard]] bool deregister_target();

}  // namespace remit::worker::test::meddling
