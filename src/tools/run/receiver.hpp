#pragma once

#include <remit/language_worker.hpp>

#include <remit/tensor_memory.hpp>

#include <memory>
#include <string>

#include "tools/run/observer.hpp"
#include "tools/run/stop.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools {

/// The language half: a worker, the requests it asks for, and the check of every byte that arrives.
class Receiver {
public:
    Receiver(const Workload& work, const std::string& device);

    [[nodiscard]] std::string endpoint() const { return worker_.endpoint(); }
    [[nodiscard]] std::string device() const { return worker_.device(); }
    [[nodiscard]] Metrics metrics() const { return worker_.metrics(); }
    [[nodiscard]] WorkerSnapshot snapshot() const { return worker_.snapshot(kShownRooms); }
    /// Receives every request of the embedding worker at `peer`. After a failure nothing new is started.
    [[nodiscard]] HalfReport run(const std::string& peer, Observer& observer, const Stop& stop);

private:
    struct Flight;
    struct Flights;
    class Run;

    const Workload& work_;
    std::unique_ptr<TensorMemory> memory_;  // null: the CPU reads where the worker writes
    std::shared_ptr<Flights> flights_;  // before the worker, which writes their memory until its own end
    LanguageWorker worker_;
};

}  // namespace remit::tools
