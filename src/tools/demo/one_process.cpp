#include "tools/demo/one_process.hpp"

#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/demo/rank_views.hpp"
#include "tools/observe/observation.hpp"
#include "tools/run/receiver.hpp"
#include "tools/run/sender.hpp"
#include "tools/trace/half_names.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::seconds kGrace{5};

/// Passes on what belongs in the picture of all.
class SenderView final : public Observer {
public:
    explicit SenderView(Console& console) : console_(console) {}
    void ready(Side, const std::string&, const std::string&) override {}
    void timeline(const TimelineEvent& event) override { console_.timeline(event); }
    void progress(const Progress&) override {}  // the receivers' is shown

private:
    Console& console_;
};

using Receivers = std::vector<std::unique_ptr<Receiver>>;

/// Of all workers, the ranks told apart.
Metrics metrics_of(const Sender& sender, const Receivers& receivers) {
    Metrics all = sender.metrics();
    for (std::size_t rank = 0; rank < receivers.size(); ++rank) {
        Metrics of_rank = receivers[rank]->metrics();
        for (MetricFamily& family : of_rank.families) {
            for (MetricSample& sample : family.samples) sample.labels.emplace_back("rank", std::to_string(rank));
        }
        all.add(std::move(of_rank));
    }
    return all;
}

std::vector<WorkerSnapshot> snapshots_of(const Sender& sender, const Receivers& receivers) {
    std::vector<WorkerSnapshot> all{sender.snapshot()};
    for (const auto& receiver : receivers) all.push_back(receiver->snapshot());
    return all;
}

/// Every rank asks for every request, on a thread of its own. @throws what the first of them threw, once all are done
std::vector<HalfReport> receive_all(const Receivers& receivers, const std::string& peer, RankViews& views,
                                    const Stop& stop, const Stop& sender_stop) {
    std::vector<std::future<HalfReport>> running;
    for (std::uint32_t rank = 0; rank < receivers.size(); ++rank) {
        running.push_back(std::async(std::launch::async, [&, rank] {
            try {
                return receivers[rank]->run(peer, views.of(rank), stop);
            } catch (...) {
                sender_stop.request();  // nor need the other ranks wait for this one
                throw;
            }
        }));
    }
    for (const auto& one : running) one.wait();
    std::vector<HalfReport> received;
    for (auto& one : running) received.push_back(one.get());
    return received;
}

}  // namespace

Report run_one_process(const Workload& work, const DemoKeys& keys, Console& console, const Stop& stop) {
    const Stop sender_stop(&stop);
    Workload sent_work = work;
    sent_work.options = keys.added_to(work.options, Command::embed);
    if (!work.options.trace.empty()) {
        sent_work.options.trace = half_trace_name(work.options.trace, Side::embedding, 0, work.options.ranks);
    }
    std::deque<Workload> parts;  // where they are they stay: receivers refer to them
    Sender sender(sent_work, "");
    Receivers receivers;
    for (std::uint32_t rank = 0; rank < work.options.ranks; ++rank) {
        Workload& part = parts.emplace_back(work.of_rank(rank));
        part.options = keys.added_to(part.options, Command::language);
        receivers.push_back(std::make_unique<Receiver>(part, ""));
    }
    const Observation observation(work.options, [&] { return metrics_of(sender, receivers); },
                                  [&] { return snapshots_of(sender, receivers); });
    SenderView view(console);
    RankViews views(console, work.options.ranks);
    auto sent = std::async(std::launch::async, [&] {
        try {
            return sender.run(view, sender_stop);
        } catch (...) {
            stop.request();  // the receivers need not wait for what never comes
            throw;
        }
    });
    const std::vector<HalfReport> received = receive_all(receivers, sender.endpoint(), views, stop, sender_stop);
    if (sent.wait_for(kGrace) == std::future_status::timeout) sender_stop.request();
    return combine(sent.get(), received, work.options.fabric().kind);
}

}  // namespace remit::tools
