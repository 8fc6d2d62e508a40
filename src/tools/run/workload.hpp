#pragma once

#include <remit/layout.hpp>
#include <remit/options.hpp>
#include <remit/tensor_memory.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tools/cli/options.hpp"
#include "tools/npy/request_folder.hpp"
#include "tools/payload/payload.hpp"

namespace remit::tools {

/// What a run moves and with how much memory: the options, the files and the defaults put together and checked.
struct Workload {
    Options options;
    std::shared_ptr<const RequestFolder> input;  ///< null: the payload is generated
    Layout sender_layout;
    Layout receiver_layout;
    std::uint64_t tokens = 0;
    std::uint32_t requests = 1;
    std::uint32_t concurrency = 1;  ///< requests in flight, no more than there are
    std::uint32_t sender_pool_blocks = 1;
    std::uint32_t receiver_pool_blocks = 1;
    /// The guess, clamped to the pool; of rank 0 where there are several. Nothing: the worker's own.
    std::optional<std::uint64_t> expected_tokens = 0;
    bool keep_blocks = false;

    /// The part of one language worker of a demo: its own guess, its own trace.
    [[nodiscard]] Workload of_rank(std::uint32_t rank) const;
    [[nodiscard]] std::unique_ptr<Payload> payload(RoomId room) const;
    [[nodiscard]] FabricOptions fabric(const std::string& device) const;
    /// Access to memory of the run's kind; null where the CPU reaches it as its own.
    [[nodiscard]] std::unique_ptr<TensorMemory> tensor_memory() const;
};

/// Reads the input folder where there is one. @throws UsageError for what contradicts it or does not fit this machine.
[[nodiscard]] Workload make_workload(const Options& options);

}  // namespace remit::tools
