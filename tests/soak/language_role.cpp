// The language worker: asks for what it is told, up to 64 at a time, and compares every byte that arrives.

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
using worker::test::scaled;
using worker::test::Tensors;

/// One room and the memory it goes to.
class Receiving {
public:
    Receiving(LanguageWorker& worker, const std::string& endpoint, const Order& order)
        : worker_(worker), order_(order), abort_at_(Clock::now() + scaled(static_cast<long>(order.chance(5) % 8))) {
        ReceiveOptions options;
        options.expected_tokens = order.guess();
        if (!order.kept()) {
            options.into = [tensors = tensors_, layout = worker.layout()](std::uint64_t total) {
                *tensors = std::make_unique<Tensors>(layout, total);
                return SinkTensors{(*tensors)->addresses()};
            };
        }
        reception_.emplace(worker.receive(order.room(), endpoint, std::move(options)));
    }

    /// Does what fate wants; true when it has ended.
    [[nodiscard]] bool ended() {
        if (order_.fate == Fate::receiver_aborts && !aborted_ && may_abort() && Clock::now() >= abort_at_) {
            reception_->abort();
            aborted_ = true;
        }
        return is_final(reception_->poll());
    }

    void report(Report& report) const {
        if (reception_->poll() != Status::Success) {
            report.failed.emplace_back(order_.request, reception_->reason());
            if (*tensors_) note((*tensors_)->guard_fault(), report);
            return;
        }
        report.succeeded.push_back(order_.request);
        report.rounds += reception_->rounds();
        report.resumes += reception_->resumes();
        if (reception_->aux() != order_.content().aux()) note("aux differs", report);
        note(order_.kept() ? fault_of_blocks() : fault_of_tensors(), report);
    }

private:
    /// A few give up before they were asked for, and leave their send waiting; the others once it has begun.
    [[nodiscard]] bool may_abort() const {
        return order_.chance(7) % 16 == 0 || reception_->poll() != Status::Bootstrapping;
    }
    void note(const std::string& fault, Report& report) const {
        if (fault.empty()) return;
        report.wrong.push_back("request " + std::to_string(order_.request) + " try " + std::to_string(order_.attempt) +
                               ": " + fault);
    }
    [[nodiscard]] std::string fault_of_tensors() const {
        return *tensors_ ? (*tensors_)->fault(order_.content()) : "Success, but the sink was never asked";
    }
    [[nodiscard]] std::string fault_of_blocks() const {
        const BlockTable table = reception_->table();
        if (table.size() != worker_.layout().blocks_for(order_.tokens())) return "Success with the wrong blocks";
        return worker::test::first_wrong_row(worker_.layout(), order_.content(),
                                             [&](std::size_t s, std::uint32_t p, std::uint64_t t) {
                                                 return worker_.row(s, table[t / kBlockSize], p, t % kBlockSize);
                                             });
    }

    LanguageWorker& worker_;
    Order order_;
    Clock::time_point abort_at_;
    bool aborted_ = false;
    std::shared_ptr<std::unique_ptr<Tensors>> tensors_ = std::make_shared<std::unique_ptr<Tensors>>();
    std::optional<Reception> reception_;
};

Report carry_out(LanguageWorker& worker, const std::string& endpoint, const std::vector<Order>& orders) {
    Report report;
    std::list<std::unique_ptr<Receiving>> active;
    std::size_t next = 0;
    while (next < orders.size() || !active.empty()) {
        for (; next < orders.size() && active.size() < kConcurrency; ++next) {
            active.push_back(std::make_unique<Receiving>(worker, endpoint, orders[next]));
        }
        active.remove_if([&](const std::unique_ptr<Receiving>& receiving) {
            if (!receiving->ended()) return false;
            receiving->report(report);
            return true;
        });
        std::this_thread::sleep_for(std::chrono::microseconds(300));  // between two looks
    }
    // Blocks of what was aborted or lost its peer come back when nothing can write into them any more.
    if (!worker::test::comes_true([&] { return worker.free_blocks() == worker.pool_blocks(); }, 10'000)) {
        report.wrong.push_back(std::to_string(worker.free_blocks()) + " of " + std::to_string(worker.pool_blocks()) +
                               " blocks came back");
    }
    measure(report);
    return report;
}

}  // namespace

void be_language(worker::test::Line& line, const RoleOptions& role) {
    LanguageWorkerOptions options = worker::test::verbs_language();
    options.control.listen = role.listen;
    options.memory_policy = role.memory_policy;
    hasten(options.timing);
    LanguageWorker worker(options, soak_layout(), kPoolBlocks);
    line.tell(worker.endpoint());
    std::string endpoint;
    std::vector<Order> orders;
    for (std::string word = line.hear(600'000); word != "end"; word = line.hear(600'000)) {
        decode(word, endpoint, orders);
        line.tell(encode(carry_out(worker, endpoint, orders)));
    }
}

}  // namespace remit::soak
