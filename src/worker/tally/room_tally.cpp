#include "worker/tally/room_tally.hpp"

#include <string>

namespace remit::worker {
namespace {

std::size_t index_of(Status status) noexcept { return static_cast<std::size_t>(status); }

constexpr std::array<std::pair<Status, const char*>, 3> kUnfinished{{{Status::Bootstrapping, "bootstrapping"},
                                                                     {Status::WaitingForInput, "waiting_for_input"},
                                                                     {Status::Transferring, "transferring"}}};

}  // namespace

void RoomTally::begin() noexcept {
    begun_.add();
    unfinished_[index_of(Status::Bootstrapping)].add();
}

void RoomTally::move(Status from, Status to) noexcept {
    if (from == to || is_final(to)) return;  // the end is told by end()
    unfinished_[index_of(from)].subtract();
    unfinished_[index_of(to)].add();
}

void RoomTally::end(Status from, Status how, std::string_view reason) noexcept {
    unfinished_[index_of(from)].subtract();
    if (how == Status::Success) {
        succeeded_.add();
    } else {
        failed_[cause_of(reason)].add();
    }
}

void RoomTally::collect(metrics::Collector& collector) const {
    for (const auto& [status, name] : kUnfinished) {
        collector.gauge("remit_rooms", "Rooms (at an embedding worker: sends) that have not ended, by status.",
                        unfinished_[index_of(status)].value(), {{"state", name}});
    }
    collector.counter("remit_rooms_begun_total", "Rooms (at an embedding worker: sends) ever begun.", begun_.value());
    std::uint64_t failed = 0;
    for (const metrics::Counter& cause : failed_) failed += cause.value();
    const char* const help = "Rooms (at an embedding worker: sends) that have ended, by how.";
    collector.counter("remit_rooms_finished_total", help, succeeded_.value(), {{"outcome", "success"}});
    collector.counter("remit_rooms_finished_total", help, failed, {{"outcome", "failed"}});
    for (std::size_t i = 0; i < kFailureCauses; ++i) {
        collector.counter("remit_rooms_failed_total",
                          "Rooms (at an embedding worker: sends) that Failed, by cause; docs/observability.md has the remedies.",
                          failed_[i].value(), {{"cause", std::string(failure_causes()[i].name)}});
    }
}

}  // namespace remit::worker
