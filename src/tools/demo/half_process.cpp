#include "tools/demo/half_process.hpp"

#include <signal.h>

#include <utility>

namespace remit::tools {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

void HalfProcess::read(Observer& observer) {
    if (ended_) return;
    const auto text = child_.read_some();
    ended_ = !text;
    if (text) unread_ += *text;
    for (std::size_t end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
        if (const auto event = decode(unread_.substr(0, end))) take(*event, observer);
        unread_.erase(0, end + 1);
    }
}

void HalfProcess::take(const Event& event, Observer& observer) {
    std::visit(Overloaded{[&](const ReadyEvent& ready) {
                              endpoint_ = ready.endpoint;
                              observer.ready(ready.side, ready.endpoint, ready.device);
                          },
                          [&](const TimelineEvent& one) { observer.timeline(one); },
                          [&](const Progress& progress) {
                              // The receiver's: what has left may not have arrived.
                              if (side_ == Side::language) observer.progress(progress);
                          },
                          [&](const HalfReport& report) { report_ = report; },
                          [&](const ErrorEvent& error) { error_ = error; }},
               event);
}

void HalfProcess::finish(std::chrono::milliseconds patience) {
    child_.close_input();
    const int time = static_cast<int>(patience.count());
    if (child_.wait(time)) return;
    killed_ = true;
    child_.signal(SIGTERM);
    if (child_.wait(time)) return;
    child_.signal(SIGKILL);
    child_.wait(time);
}

std::string HalfProcess::unexplained_end() const {
    if (killed_) return "did not end by itself";
    if (child_.killed_by_signal() || (succeeded() && !child_.fault().empty()) || (!report_ && !error_)) {
        return child_.fault().empty() ? "ended without a word" : child_.fault();
    }
    return {};
}

}  // namespace remit::tools
