#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace remit::worker::embedding {

/// One attempt as the scheduler sees it. The unit of virtual time is a byte of a flow of weight 1.
struct Flow {
    double weight = 1;    ///< a power of two, so that sums of weights are exact
    double next = 0;      ///< virtual time at which its next unit may start
    bool active = false;  ///< has something that is not completed
};

/// Share of the wire that a priority stands for: each step doubles it.
[[nodiscard]] inline double weight_of(int priority) noexcept { return std::ldexp(1.0, priority); }

/// Virtual time of weighted fair queueing by bytes (Demers, Keshav, Shenker 1989): units are served in the order in
/// which they would finish if all active flows shared the wire by their weights. So a small unit overtakes large ones
/// that are not on the wire yet, and no stream of small ones holds a large one up for good: time goes on with every
/// byte served.
class FairClock {
public:
    /// The flow has something to send.
    void join(Flow& flow) noexcept {
        if (!std::exchange(flow.active, true)) weights_ += flow.weight;
        flow.next = std::max(flow.next, now_);
    }
    /// Nothing of the flow is queued or on the wire.
    void leave(Flow& flow) noexcept {
        if (std::exchange(flow.active, false)) weights_ -= flow.weight;
    }

    /// When the flow's next unit would finish.
    [[nodiscard]] double finish_of(const Flow& flow, std::uint64_t bytes) const noexcept {
        return std::max(flow.next, now_) + static_cast<double>(bytes) / flow.weight;
    }
    /// Charges the flow for its next unit; returns when that would finish.
    double charge(Flow& flow, std::uint64_t bytes) noexcept { return flow.next = finish_of(flow, bytes); }

    /// A unit that would finish at `finish` goes to the wire.
    void posted(const Flow& flow, double finish, std::uint64_t bytes) noexcept {
        now_ = std::max(now_, start_of(flow, finish, bytes));
    }
    /// It is at the peer; its flow is still active.
    void completed(const Flow& flow, double finish, std::uint64_t bytes) noexcept {
        served_ = std::max(served_, start_of(flow, finish, bytes)) + static_cast<double>(bytes) / weights_;
        now_ = std::max(now_, served_);
    }

private:
    [[nodiscard]] static double start_of(const Flow& flow, double finish, std::uint64_t bytes) noexcept {
        return finish - static_cast<double>(bytes) / flow.weight;
    }

    double now_ = 0;
    double served_ = 0;   ///< time by the bytes served alone
    double weights_ = 0;  ///< of the active flows
};

}  // namespace remit::worker::embedding
