#pragma once

#include <string>

#include "tools/bench/plan.hpp"
#include "tools/bench/receiver.hpp"
#include "tools/bench/sender.hpp"

namespace remit::tools {

/// All of a bench's run; `sent` has no cases where the sender is on another machine, which prints its own.
struct BenchResults {
    const BenchPlan& plan;
    const Options& options;
    BenchReceiverReport received;
    BenchSenderReport sent;
};

[[nodiscard]] std::string bench_table(const BenchResults& results);
[[nodiscard]] std::string bench_json(const BenchResults& results);
[[nodiscard]] std::string bench_csv(const BenchResults& results);
/// What the sender counted, as the receiver's process reads it.
[[nodiscard]] std::string bench_sender_json(const BenchSenderReport& report);
/// @throws Error(internal) where it is no such text
[[nodiscard]] BenchSenderReport bench_sender_from_json(const std::string& text);

}  // namespace remit::tools
