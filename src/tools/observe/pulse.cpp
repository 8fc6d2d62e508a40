#include "tools/observe/pulse.hpp"

#include <spdlog/fmt/fmt.h>

namespace remit::tools {

std::string Pulse::fault(const Metrics& metrics, Clock::time_point now) {
    const MetricFamily* turns = metrics.find("remit_loop_turns_total");
    if (turns == nullptr) return "no worker";
    std::string found;
    for (const MetricSample& sample : turns->samples) {
        std::string who;
        for (const auto& [name, value] : sample.labels) who += (who.empty() ? "" : " ") + value;
        Beat& beat = beats_[who];
        if (beat.turns != sample.value) beat = {sample.value, now};
        const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - beat.at);
        if (silent < kPatience || !found.empty()) continue;
        found = fmt::format("the thread of worker {} has not turned for {} ms", who, silent.count());
    }
    return found;
}

}  // namespace remit::tools
