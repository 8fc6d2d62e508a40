#include "worker/tally/failure_cause.hpp"

namespace remit::worker {
namespace {

constexpr std::array<FailureCause, kFailureCauses> kCauses{{
    {"aborted",
     {"worker's user", "its last handle was dropped"},
     "nothing where it was meant: a user of one of the two workers gave the room up"},
    {"stopped",
     {"worker is stopping", "worker stopped"},
     "ask another worker, or this one once it runs again; a longer drain lets what is under way end"},
    {"checksum",
     {"what arrived is not what was sent", "before its checksums came"},
     "bytes changed on the way: take the machine out of service and test its memory and its network"},
    {"no_embedding_worker",
     {"REGISTERED from the embedding worker"},
     "start the embedding worker, or correct its address or the keys; remit doctor --peer looks at the way between"},
    {"no_send",
     {"no send() for room", "send() of room"},
     "call send() for the room sooner, reject() a room that never comes, or raise timing.park_deadline and "
     "room_deadline"},
    {"no_receive",
     {"language workers asked for room"},
     "see that every language worker of the room calls receive(), or raise timing.park_deadline"},
    {"source_not_ready",
     {"waiting for Send::ready()"},
     "have the encoder tell Send::ready() as it goes on, or raise timing.park_deadline"},
    {"no_resume",
     {"no RESUME of room"},
     "look at the language worker: it is short of blocks, or stuck; timing.resume_deadline must be longer than its "
     "memory_deadline"},
    {"memory",
     {"credits are free", "no memory: "},
     "enlarge the language worker's pool, begin fewer rooms at once, use a sink, or raise timing.memory_deadline"},
    {"pool_too_small",
     {"use a sink or a larger pool"},
     "receive requests of that length into a sink, or give the language worker a larger pool"},
    {"no_answer",
     {"no answer to INIT", "an answer to INIT from", "the final STATUS with its checksums"},
     "look at the embedding worker: it hears and does not answer; or raise timing.init_deadline"},
    {"round_stalled",
     {"nothing of round", " offered, for "},
     "look at the wire: remit doctor --peer, and remit_round_seconds of both ends; raise timing.round_deadline where it "
     "is only busy"},
    {"peer_silent",
     {" silent for ", "ABORT unanswered for"},
     "the other worker has died or is cut off: see its log and the network; raise timing.peer_silence where it is only "
     "busy"},
    {"peer_restarted",
     {"embedding worker restarted", "unknown generation", "unknown session", "old generation",
      "knows nothing of this request", "that was never opened"},
     "ask again, with a new receive() and a new send()"},
    {"superseded", {"superseded"}, "nothing: a later attempt of the same room took its place"},
    {"limit", {"limit of "}, "raise the limit that is named, or begin fewer at once"},
    {"disagreement",
     {"differs: language worker has", "lacks the capability", "REGISTER speaks", "pool: ", "no queue pair on the ",
      "queue pairs to"},
     "give both workers the same layout, options and version"},
    {"unreachable",
     {"control outbox is full", "unreachable: an address", "larger than limits.message_bytes"},
     "as the reason says: keys, control.insecure, limits.message_bytes, or `ulimit -n`"},
    {"sink", {"sink: "}, "the room's own sink threw or returned what does not fit: mend it as the reason says"},
    {"device_memory",
     {" is dead: ", "the stream that fills the source", "gather: "},
     "make the worker anew; see dmesg and nvidia-smi for the GPU's own word"},
    {"protocol",
     {"total changed from", "the length of the request, is", "immediates than it was given", "undrained",
      "does not fit", "RESUME: sent_tokens", "required_dst_info_num is"},
     "the peer does not keep to the protocol: run the same version on both sides, and report it where they are"},
    {"rdma",
     {"vendor error", "posting to queue pair", "completion queue", "(queue pair ", "move queue pair"},
     "run remit doctor --peer on both machines: link, GID, MTU, flow control"},
    {"peer_closed",
     {"closed by the language worker", "lost: ", "by the language worker"},
     "see the other worker's log: it ended this first"},
    {"deadline", {"deadline of "}, "raise timing.room_deadline, or the room's own deadline"},
    {"other", {}, "as the reason says; the other worker's log may say more"},
}};

}  // namespace

std::span<const FailureCause, kFailureCauses> failure_causes() noexcept { return kCauses; }

std::size_t cause_of(std::string_view reason) noexcept {
    for (std::size_t i = 0; i < kCauses.size(); ++i) {
        for (const std::string_view phrase : kCauses[i].phrases) {
            if (!phrase.empty() && reason.find(phrase) != std::string_view::npos) return i;
        }
    }
    return kCauses.size() - 1;
}

}  // namespace remit::worker
