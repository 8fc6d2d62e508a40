#include "tools/bench/sender.hpp"

#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "tools/bench/worker_options.hpp"

namespace remit::tools {
namespace {

constexpr std::uint32_t kPayloads = 2;
constexpr std::size_t kLeastWindow = 32;
constexpr std::chrono::milliseconds kTick{200};

void fill(SourcePool& pool, const BlockTable& table, const Payload& payload) {
    const Layout& layout = pool.layout();
    for (std::size_t i = 0; i < layout.segments().size(); ++i) {
        const Segment& segment = layout.segments()[i];
        if (segment.once_per_request) continue;
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t token = 0; token < payload.tokens(); ++token) {
                std::byte* const row =
                    pool.row(i, table[token / layout.block_size()], plane, token % layout.block_size());
                payload.fill({segment.kind, plane, token}, {row, segment.token_bytes});
            }
        }
    }
}

std::size_t window_of(const BenchPlan& plan) {
    return std::max<std::size_t>(kLeastWindow, 3 * std::size_t{plan.concurrency()});
}

}  // namespace

BenchSender::BenchSender(const BenchPlan& plan, const Options& options, const std::string& device)
    : plan_(plan),
      worker_(bench_embedding_options(options, device), plan.sender_layout(),
              static_cast<std::uint32_t>(kPayloads * plan.sender_layout().blocks_for(plan.most_tokens()))),
      windows_(plan.cases().size()) {
    fill_sources();
    report_.device = worker_.device();
    report_.cases.resize(plan.cases().size());
    for (std::size_t i = 0; i < windows_.size(); ++i) top_up(i);
    send_checked(!options.no_verify);
}

void BenchSender::fill_sources() {
    for (std::uint32_t which = 0; which < kPayloads; ++which) {
        const auto payload = plan_.payload(which, plan_.most_tokens());
        sources_.push_back(worker_.pool().allocate(plan_.most_tokens()));
        fill(worker_.pool(), sources_.back(), *payload);
        Aux aux = payload->aux();
        aux[0] = 0;  // the worker writes the length
        auxes_.push_back(aux);
    }
}

Send BenchSender::send(std::size_t index, std::uint64_t number, std::uint32_t payload) {
    const std::uint64_t tokens = plan_.cases()[index].tokens;
    const BlockTable& all = sources_[payload];
    const auto blocks = static_cast<std::ptrdiff_t>(plan_.sender_layout().blocks_for(tokens));
    return worker_.send(plan_.room(index, number), BlockTable(all.begin(), all.begin() + blocks), tokens,
                        auxes_[payload]);
}

void BenchSender::top_up(std::size_t index) {
    Window& window = windows_[index];
    const std::uint64_t most = plan_.requests_a_case() == 0 ? BenchPlan::kChecked : plan_.requests_a_case();
    while (window.sends.size() < window_of(plan_) && window.next < most) {
        window.sends.push_back(send(index, window.next++, 0));
    }
}

void BenchSender::send_checked(bool verify) {
    for (std::size_t i = 0; verify && i < windows_.size(); ++i) {
        checked_.push_back(send(i, BenchPlan::kChecked, plan_.payload_of_checked(i)));
    }
    // The shortest request there can be, for the last room.
    checked_.push_back(worker_.send(plan_.last_room(), BlockTable{sources_[0].front()}, 1, auxes_[0]));
}

/// What to sleep for: half a window at a time, so that topping up costs the transfers next to nothing.
const Send* BenchSender::awaited(const Window& window) const {
    if (window.sends.empty()) return nullptr;
    const Send& middle = window.sends[std::min(window.sends.size(), window_of(plan_) / 2) - 1];
    if (!is_final(middle.poll())) return &middle;
    return &window.sends.front();
}

void BenchSender::count(const Send& send, BenchSent& into) {
    if (send.poll() == Status::Failed && report_.reason.empty()) report_.reason = send.reason();
    ++into.requests;
    into.rounds += send.rounds();
    into.writes += send.writes();
    into.bytes += send.bytes();
}

void BenchSender::take_finished(std::size_t index) {
    Window& window = windows_[index];
    while (!window.sends.empty() && is_final(window.sends.front().poll())) {
        count(window.sends.front(), report_.cases[index]);
        window.sends.pop_front();
    }
}

BenchSenderReport BenchSender::run(const Stop& stop) {
    const Send& last = checked_.back();
    while (!is_final(last.poll()) && report_.reason.empty()) {
        if (stop.requested()) {
            report_.reason = "interrupted";
            break;
        }
        std::vector<int> descriptors{last.descriptor()};
        for (const Window& window : windows_) {
            if (const Send* send = awaited(window)) descriptors.push_back(send->descriptor());
        }
        stop.wait(descriptors, kTick);
        for (std::size_t i = 0; i < windows_.size(); ++i) {
            const Send* next = awaited(windows_[i]);
            if (next == nullptr || !is_final(next->poll())) continue;
            take_finished(i);
            top_up(i);
        }
    }
    for (std::size_t i = 0; i < windows_.size(); ++i) take_finished(i);
    // With --duration more was kept ready than was asked for; that it ends now is no news.
    if (report_.reason.empty()) log().set_level(spdlog::level::err);
    return report_;
}

}  // namespace remit::tools
