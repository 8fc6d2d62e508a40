#include "worker/embedding/tally.hpp"

#include "worker/embedding/send_queue.hpp"
#include "worker/tally/worker_tally.hpp"

#include <algorithm>

namespace remit::worker::embedding {

using protocol::Time;

void Tally::begin(SendTimes& send, Time now) noexcept {
    send.begun = now;
    rooms_.begin();
}

void Tally::move(SendTimes& send, Status to, Time now) noexcept {
    rooms_.move(send.status, to);
    if (!is_final(to)) send.status = to;
    if (to == Status::Bootstrapping || send.met) return;
    send.met = true;
    wait_.observe(now - send.begun);
}

void Tally::end(const SendTimes& send, Status how, std::string_view reason, Time now) noexcept {
    rooms_.end(send.status, how, reason);
    if (how == Status::Success) send_.observe(now - send.begun);
}

void Tally::publish(const protocol::embedding::Machine& machine, const SendQueue& queue, Mailbox& mailbox) noexcept {
    parked_.set(machine.parked());
    parked_blocks_.set(machine.parked_blocks());
    rejections_.set(machine.rejections());
    regions_.set(queue.send_regions());
    busy_regions_.set(queue.busy_regions());
    sessions_.know(machine.sessions());
    messages_.publish(mailbox);
}

void Tally::collect(metrics::Collector& collector, const PostCounters& posted, const FlowCounters& flow) const {
    rooms_.collect(collector);
    collect_moved(collector, {send_, flow.round, flow.rounds, flow.resumes, flow.bytes});
    collector.histogram("remit_send_wait_seconds", "From send() until the first language worker's INIT had met it.", wait_);
    collect_wire(collector, posted, flow);
    collector.gauge("remit_parked_requests", "INITs of language workers whose send() has not come.", parked_.value());
    collector.gauge("remit_parked_blocks", "Blocks that parked INITs name.", parked_blocks_.value());
    collector.gauge("remit_rejections", "Rooms that reject() answers for.", rejections_.value());
    sessions_.collect(collector);
    messages_.collect(collector);
}

void Tally::collect_wire(metrics::Collector& collector, const PostCounters& posted, const FlowCounters& flow) const {
    collector.counter("remit_rdma_work_requests_total", "Work requests handed to the device: RDMA writes.",
                      posted.requests.value());
    collector.counter("remit_rdma_doorbells_total", "Chains of work requests handed to the device at once.",
                      posted.doorbells.value());
    collector.counter("remit_rdma_signaled_total", "Work requests that asked for a completion.", posted.signaled.value());
    collector.counter("remit_gathered_bytes_total", "Bytes copied into send regions.", flow.gathered.value());
    collector.histogram("remit_gather_seconds", "A chunk's copy into a send region.", flow.gathering);
    const char* const help = "Send regions: busy (being gathered into, or on the wire), free.";
    const std::uint64_t busy = std::min(busy_regions_.value(), regions_.value());
    collector.gauge("remit_send_regions", help, busy, {{"state", "busy"}});
    collector.gauge("remit_send_regions", help, regions_.value() - busy, {{"state", "free"}});
}

}  // namespace remit::worker::embedding
