#include "registration/pool_memory.hpp"

#include "base/log.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace remit::registration {
namespace {

std::string log_line(const memory::Provider& provider, const fabric::Fabric& fabric, const PoolMemoryOptions& options,
                     std::uint64_t bytes, Path path, const std::string& refusals, const std::string& notes) {
    std::string line = fmt::format("{}: {} bytes of {} on {}: {}", options.name, bytes, provider.describe(),
                                   fabric.device(), to_string(path));
    if (!refusals.empty()) line += " (" + refusals + ")";
    if (!notes.empty()) line += "; " + notes;
    return line;
}

void add_note(std::string& notes, const std::string& note) {
    if (note.empty()) return;
    if (!notes.empty()) notes += "; ";
    notes += note;
}

}  // namespace

PoolMemory::PoolMemory(memory::Provider& provider, fabric::Fabric& fabric, const PoolMemoryOptions& options) {
    const bool on_device = provider.kind() == MemoryKind::cuda;
    // Without a choice to make, device memory that would never be used is not allocated.
    const bool pinned_alone = on_device && options.gpu_direct == GpuDirect::staged && options.staging == Staging::instead;
    if (!pinned_alone) blocks_ = provider.allocate(options.bytes);
    reach(provider, fabric, options);
}

PoolMemory::PoolMemory(memory::Provider& provider, fabric::Fabric& fabric, std::unique_ptr<memory::Buffer> adopted,
                       const PoolMemoryOptions& options)
    : blocks_(std::move(adopted)) {
    if (options.staging == Staging::instead) {
        throw Error(ErrorKind::misuse, "adopted memory cannot be replaced by pinned memory");
    }
    PoolMemoryOptions own = options;
    own.bytes = blocks_->bytes();
    reach(provider, fabric, own);
}

const memory::Buffer* PoolMemory::wire() const noexcept {
    if (pinned_) return pinned_.get();
    return region_ ? blocks_.get() : nullptr;
}

void PoolMemory::reach(memory::Provider& provider, fabric::Fabric& fabric, const PoolMemoryOptions& options) {
    Outcome outcome;
    if (blocks_ && blocks_->registrable()) {
        outcome = register_buffer(provider, fabric, *blocks_, options.access, options.gpu_direct);
    } else if (blocks_) {
        outcome.refusals = blocks_->facts().gather_only;
    }
    path_ = outcome.path;
    region_ = std::move(outcome.region);
    if (path_ == Path::staged) {
        add_note(outcome.notes, stage(provider, fabric, options));
    } else if (path_ != Path::host) {
        visibility_ = provider.visibility();
    }
    log().info(log_line(provider, fabric, options, options.bytes, path_, outcome.refusals, outcome.notes));
}

std::string PoolMemory::stage(memory::Provider& provider, fabric::Fabric& fabric, const PoolMemoryOptions& options) {
    std::string note;
    if (options.staging == Staging::none) return note;
    if (options.staging == Staging::instead) blocks_.reset();
    pinned_ = provider.allocate_reachable(options.bytes, fabric.numa_node(), note);
    region_ = register_buffer(provider, fabric, *pinned_, options.access, GpuDirect::staged).region;
    return note;
}

}  // namespace remit::registration
