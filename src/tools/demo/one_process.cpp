#include "tools/demo/one_process.hpp"

#include <chrono>
#include <future>

#include "tools/run/receiver.hpp"
#include "tools/run/sender.hpp"

namespace remit::tools {
namespace {

constexpr std::chrono::seconds kGrace{5};

/// Passes on what belongs in the picture of both halves.
class SenderView final : public Observer {
public:
    explicit SenderView(Console& console) : console_(console) {}
    void ready(Side, const std::string&, const std::string&) override {}
    void timeline(const TimelineEvent& event) override { console_.timeline(event); }
    void progress(const Progress&) override {}  // the receiver's is shown

private:
    Console& console_;
};

}  // namespace

Report run_one_process(const Workload& work, const DemoKeys& keys, Console& console, const Stop& stop) {
    const Stop sender_stop;
    Workload sent_work = work;
    Workload received_work = work;
    sent_work.options = keys.added_to(work.options, Command::embed);
    received_work.options = keys.added_to(work.options, Command::language);
    Sender sender(sent_work, "");
    Receiver receiver(received_work, "");
    SenderView view(console);
    auto sent = std::async(std::launch::async, [&] {
        try {
            return sender.run(view, sender_stop);
        } catch (...) {
            stop.request();  // the receiver need not wait for what never comes
            throw;
        }
    });
    HalfReport received;
    try {
        received = receiver.run(sender.endpoint(), console, stop);
    } catch (...) {
        sender_stop.request();
        throw;
    }
    if (sent.wait_for(kGrace) == std::future_status::timeout) sender_stop.request();
    return combine(sent.get(), received, work.options.fabric);
}

}  // namespace remit::tools
