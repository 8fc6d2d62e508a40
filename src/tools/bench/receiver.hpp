#pragma once

#include <remit/language_worker.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/bench/cpu_clock.hpp"
#include "tools/bench/plan.hpp"
#include "tools/payload/tensors.hpp"
#include "tools/run/stop.hpp"

namespace remit::tools {

/// What was measured of one case.
struct BenchMeasured {
    std::vector<double> seconds;  ///< of each request, in the order of their beginnings
    double wall_seconds = 0;      ///< first beginning to last end; only where requests overlap
    double cpu_seconds = 0;       ///< of both processes, where both are on this machine, over all timed requests
    std::uint64_t rounds = 0;     ///< of all timed requests
};

struct BenchReceiverReport {
    std::string device;
    std::string reason;  ///< why it ended early; empty where all was measured and right
    std::optional<bool> verified;
    double set_up_seconds = 0;  ///< the first request, which registers the session, less the median of its case
    std::vector<BenchMeasured> cases;
};

/// The language half of a bench: it sets the pace and holds the clock. A request's time runs from the call of
/// receive(), when its send has long been waiting, to Success, as the worker's thread notes it.
class BenchReceiver {
public:
    /// @param cpu clocks of the processes that take part
    BenchReceiver(const BenchPlan& plan, const Options& options, const std::string& device, CpuClock cpu);

    [[nodiscard]] std::string device() const { return workers_[0]->device(); }
    /// Measures all cases, checks every byte of one more request of each, and ends the sender.
    [[nodiscard]] BenchReceiverReport run(const std::string& peer, const Stop& stop);

private:
    struct Flight {
        Reception reception;
        std::chrono::steady_clock::time_point begin;
        std::uint64_t number;
    };

    void measure_size(std::size_t first_case);
    void alternate(std::size_t first_case);
    void saturate(std::size_t index);
    void check(std::size_t index);
    [[nodiscard]] bool more(std::uint64_t done, std::chrono::steady_clock::time_point begin) const;
    [[nodiscard]] Flight begin(std::size_t index, std::uint64_t number, std::size_t slot);
    /// Waits for the end; nothing where it failed or was stopped.
    [[nodiscard]] std::optional<double> finish(const Flight& flight);
    void note(std::size_t index, const Flight& flight, double seconds, double cpu);
    [[nodiscard]] LanguageWorker& worker_of(const BenchCase& one);
    [[nodiscard]] bool going() const { return report_.reason.empty() && !stop_->requested(); }
    void end_sender();

    const BenchPlan& plan_;
    const Options& options_;
    CpuClock cpu_;
    std::vector<Tensors> sinks_;  ///< one a request in flight; before the workers, which write into them
    std::array<std::unique_ptr<LanguageWorker>, 2> workers_;  ///< overlapping, serial
    std::string peer_;
    const Stop* stop_ = nullptr;
    BenchReceiverReport report_;
    std::optional<double> first_seconds_;
};

}  // namespace remit::tools
