#pragma once

#include <remit/embedding_worker.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tools/bench/plan.hpp"
#include "tools/run/stop.hpp"

namespace remit::tools {

/// What the sender counted of one case.
struct BenchSent {
    std::uint64_t requests = 0;
    std::uint64_t rounds = 0;
    std::uint64_t writes = 0;
    std::uint64_t bytes = 0;
};

struct BenchSenderReport {
    std::string device;
    std::string reason;  ///< why it ended early; empty where the receiver has ended it
    std::vector<BenchSent> cases;
};

/// The embedding half of a bench. It keeps sends waiting in every case, ahead of the receiver, which sets the pace.
class BenchSender {
public:
    BenchSender(const BenchPlan& plan, const Options& options, const std::string& device);

    [[nodiscard]] std::string endpoint() const { return worker_.endpoint(); }
    [[nodiscard]] std::string device() const { return worker_.device(); }
    /// Sends until the receiver asks for the last room.
    [[nodiscard]] BenchSenderReport run(const Stop& stop);

private:
    struct Window {
        std::deque<Send> sends;
        std::uint64_t next = 0;  ///< number of the next request
    };

    void fill_sources();
    void top_up(std::size_t index);
    void take_finished(std::size_t index);
    [[nodiscard]] const Send* awaited(const Window& window) const;
    Send send(std::size_t index, std::uint64_t number, std::uint32_t payload);
    void send_checked(bool verify);
    void count(const Send& send, BenchSent& into);

    const BenchPlan& plan_;
    EmbeddingWorker worker_;
    std::vector<BlockTable> sources_;  ///< one a payload, of the longest request
    std::vector<Aux> auxes_;
    std::vector<Window> windows_;  ///< one a case
    std::vector<Send> checked_;    ///< the last room's is the last of them
    BenchSenderReport report_;
};

}  // namespace remit::tools
