#pragma once

#include "control/channel.hpp"
#include "fabric/fabric.hpp"
#include "memory/provider.hpp"
#include "pool/block_pool.hpp"
#include "registration/path.hpp"

#include <remit/options.hpp>

#include <cstdint>
#include <memory>

namespace remit::worker {

/// @throws Error naming option, value and range, or what the machine lacks.
/// @param near_pci address of the GPU whose memory is moved, whose nearest device is taken; empty: host memory
[[nodiscard]] std::unique_ptr<fabric::Fabric> open_fabric(const FabricOptions& options, const std::string& local_ip,
                                                          const std::string& near_pci);
[[nodiscard]] std::unique_ptr<control::Channel> open_control(const ControlOptions& options, const LimitOptions& limits);

/// ZeroMQ ends the process where it finds no file descriptor: what a worker needs is tried out first.
/// @throws Error(environment) with the limit and the command that raises it.
void require_descriptors();

/// A worker's blocks, in memory of its own or in what the options name. @throws Error as BlockPool and Provider::adopt().
[[nodiscard]] pool::BlockPool open_pool(const Layout& layout, std::uint32_t blocks, memory::Provider& provider,
                                        fabric::Fabric& fabric, const MemoryOptions& options,
                                        const registration::PoolMemoryOptions& how);

/// @throws Error(misuse) where the framework's memory that a pool lies in was freed since.
void require_pool(const memory::Provider& provider, const pool::BlockPool& pool);

/// How the copies of a worker run: what it asks for, with what its user has set.
[[nodiscard]] memory::ExecutorOptions executor_options(const MemoryOptions& options, memory::ExecutorOptions asked);

/// Memory of a GPU that no NIC reaches: each byte goes through pinned memory.
[[nodiscard]] bool is_staged(const MemoryOptions& options, registration::Path path);

/// What a worker with a pool that is reached that way tells of itself. @param copies its own
[[nodiscard]] DataPath data_path(const MemoryOptions& options, registration::Path path, const memory::CopyExecutor& copies);

/// How many devices the options name.
[[nodiscard]] std::uint32_t rails_of(const FabricOptions& options);

/// Ranges, contradictions, the names of rails, memory that a pool is to lie in. @throws Error(bad_argument).
void check_options(const EmbeddingWorkerOptions& options);
void check_options(const LanguageWorkerOptions& options);
void check_options(const MemoryOptions& options);
void check_drain(std::chrono::milliseconds drain);

/// 63 random bits, not 0: incarnations and session numbers must not repeat across restarts.
[[nodiscard]] std::uint64_t random_identity();

/// The devices of a fabric, one a rail.
[[nodiscard]] std::vector<std::string> rail_devices(const fabric::Fabric& fabric);

}  // namespace remit::worker
