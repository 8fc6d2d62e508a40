#pragma once

#include <remit/embedding_worker.hpp>
#include <remit/tensor_memory.hpp>

#include <memory>
#include <string>

#include "tools/run/observer.hpp"
#include "tools/run/stop.hpp"
#include "tools/run/workload.hpp"

namespace remit::tools {

/// The embedding half: a worker, and the requests it sends.
class Sender {
public:
    Sender(const Workload& work, const std::string& device);

    [[nodiscard]] std::string endpoint() const { return worker_.endpoint(); }
    [[nodiscard]] std::string device() const { return worker_.device(); }
    [[nodiscard]] Metrics metrics() const { return worker_.metrics(); }
    [[nodiscard]] WorkerSnapshot snapshot() const { return worker_.snapshot(kShownRooms); }
    /// Sends every request; rooms are numbered from 1. After a failure nothing new is started.
    [[nodiscard]] HalfReport run(Observer& observer, const Stop& stop);

private:
    struct Flight;
    struct Flights;
    class Run;

    const Workload& work_;
    std::unique_ptr<TensorMemory> memory_;  // null: the CPU writes where the worker reads
    std::shared_ptr<Flights> flights_;  // before the worker, which reads their memory until its own end
    EmbeddingWorker worker_;
};

}  // namespace remit::tools
