// The embedding worker: sends what it is told, keeps the sources until the sends have ended, and sees that nothing
// has changed them.

#include "orders.hpp"
#include "roles.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <thread>

namespace remit::soak {
namespace {

using Clock = std::chrono::steady_clock;
using worker::test::Content;
using worker::test::scaled;
using worker::test::Tensors;

constexpr std::size_t kWindow = kConcurrency + kConcurrency / 2;  // some wait here before they are asked for

/// One send and its source: blocks of the pool where there are enough, else memory that nobody registered.
class Sending {
public:
    Sending(EmbeddingWorker& worker, const Order& order)
        : worker_(worker), order_(order), abort_at_(Clock::now() + scaled(static_cast<long>(order.chance(3) % 4))) {
        const std::uint64_t needed = worker.pool().layout().blocks_for(order.tokens());
        const bool in_pool = order.chance(4) % 2 == 0 && needed <= worker.pool().free_blocks();
        Source source = in_pool ? from_pool() : from_memory();
        send_.emplace(worker.send(order.room(), std::move(source), order.tokens(), order.content().aux()));
    }
    ~Sending() {
        if (!table_.empty()) worker_.pool().free(table_);
    }
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;

    /// Does what fate wants; true when it has ended.
    [[nodiscard]] bool ended() {
        if (order_.fate == Fate::sender_aborts && !aborted_ && Clock::now() >= abort_at_) {
            send_->abort();
            aborted_ = true;
        }
        return is_final(send_->poll());
    }

    void report(Report& report) const {
        if (tensors_) {
            if (const std::string fault = tensors_->fault(order_.content()); !fault.empty())
                report.wrong.push_back(fault);
        }
        if (send_->poll() == Status::Success) {
            report.succeeded.push_back(order_.request);
        } else {
            report.failed.emplace_back(order_.request, send_->reason());
        }
        report.rounds += send_->rounds();
        report.bytes += send_->bytes();
    }

private:
    Source from_pool() {
        const Layout& layout = worker_.pool().layout();
        table_ = worker_.pool().allocate(order_.tokens());
        for (std::size_t s = 0; s < layout.segments().size(); ++s) {
            const Segment& segment = layout.segments()[s];
            if (segment.once_per_request) continue;
            for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
                for (std::uint64_t t = 0; t < order_.tokens(); ++t) {
                    std::byte* row = worker_.pool().row(s, table_[t / kBlockSize], plane, t % kBlockSize);
                    order_.content().fill(s, plane, t, {row, segment.token_bytes});
                }
            }
        }
        return table_;
    }
    Source from_memory() {
        tensors_.emplace(worker_.pool().layout(), order_.tokens());
        tensors_->fill(order_.content());
        const std::vector<void*> addresses = tensors_->addresses();
        return ContiguousSource{{addresses.begin(), addresses.end()}};
    }

    EmbeddingWorker& worker_;
    Order order_;
    Clock::time_point abort_at_;
    bool aborted_ = false;
    BlockTable table_;
    std::optional<Tensors> tensors_;
    std::optional<Send> send_;
};

Report carry_out(EmbeddingWorker& worker, const std::vector<Order>& orders) {
    Report report;
    std::list<std::unique_ptr<Sending>> active;
    std::size_t next = 0;
    while (next < orders.size() || !active.empty()) {
        for (; next < orders.size() && active.size() < kWindow; ++next) {
            if (orders[next].fate == Fate::rejected) {
                worker.reject(orders[next].room(), "the soak rejects it");
            } else {
                active.push_back(std::make_unique<Sending>(worker, orders[next]));
            }
        }
        active.remove_if([&](const std::unique_ptr<Sending>& sending) {
            if (!sending->ended()) return false;
            sending->report(report);
            return true;
        });
        std::this_thread::sleep_for(std::chrono::microseconds(300));  // between two looks
    }
    if (worker.pool().free_blocks() != worker.pool().blocks()) report.wrong.emplace_back("source blocks are missing");
    measure(report);
    return report;
}

}  // namespace

void hasten(TimingOptions& timing) {
    timing.ping_period = scaled(100);
    timing.peer_silence = scaled(800);
    timing.abort_deadline = scaled(1500);
    timing.close_deadline = scaled(500);
    timing.park_deadline = timing.round_deadline = scaled(2000);
    timing.room_deadline = timing.memory_deadline = scaled(12'000);
    timing.resume_deadline = scaled(14'000);  // a receiver may queue for blocks as long as its room lives
}

void be_embedding(worker::test::Line& line, const RoleOptions& role) {
    EmbeddingWorkerOptions options = worker::test::verbs_embedding();
    options.control.listen = role.listen;
    options.chunk_bytes = 64u << 10;  // several chunks a request
    hasten(options.timing);
    EmbeddingWorker worker(options, soak_layout(), kPoolBlocks);
    line.tell(worker.endpoint());
    std::string endpoint;
    std::vector<Order> orders;
    for (std::string word = line.hear(600'000); word != "end"; word = line.hear(600'000)) {
        decode(word, endpoint, orders);
        line.tell(encode(carry_out(worker, orders)));
    }
}

}  // namespace remit::soak
