#pragma once

#include "base/descriptor.hpp"
#include "memory/buffer.hpp"
#include "memory/copy.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace remit::memory {

/// When what a NIC wrote can be read by the copies of a provider.
enum class Visibility : std::uint8_t {
    at_completion,    ///< with the receiver's completion
    after_flush,      ///< once Provider::flush() has returned
    after_read_back,  ///< once an RDMA READ of the same memory, on every NIC that wrote, has completed
};

/// How a dma-buf is mapped by the device that imports it.
enum class Mapping : std::uint8_t {
    plain,
    pcie,  ///< over PCIe even where GPU and CPU have a link of their own; only for Fabric::register_dmabuf() with `pcie`
};

struct Export {
    Descriptor descriptor;     ///< a dma-buf; invalid where it was refused
    std::uint64_t offset = 0;  ///< of the buffer's first byte in it; congruent to its address modulo the page
    std::string refusal;       ///< call, name and number of the error
};

/// How copies of a provider run. Not all of it means something to each.
struct ExecutorOptions {
    std::uint32_t slots = 8;           ///< batches under way at once
    std::uint32_t block_budget = 0;    ///< blocks of a launch; 0: the provider's default for each of `nics`
    std::uint32_t nics = 1;            ///< that take what is gathered, or bring what is scattered, side by side
    std::uint32_t list_capacity = 0;   ///< copies of a batch beyond what a launch carries; 0: the provider's default
    int priority = 0;                  ///< of the stream; lower goes first
    bool crosses_pcie = false;         ///< each copy is between memory of the device and pinned memory
    bool sums = false;                 ///< reckon() will be asked for
    std::uint64_t working_set = 0;     ///< bytes that the batches go through in turn; for copies of the CPU
};

/// Memory of one kind on one device, and what can be done with it. All calls are for set-up, except flush() and
/// matches(). Any thread; each call leaves the thread's CUDA context as it found it.
/// Errors: Error(environment) naming the call that failed, Error(bad_argument) for what is asked of it.
class Provider {
public:
    virtual ~Provider() = default;
    [[nodiscard]] virtual MemoryKind kind() const noexcept = 0;
    /// "host memory", "cuda:0 (NVIDIA H100 80GB HBM3, 0000:1b:00.0)".
    [[nodiscard]] virtual std::string describe() const = 0;
    /// "0000:1b:00.0" in lower case, as sysfs has it; empty where there is no device.
    [[nodiscard]] virtual std::string pci_address() const = 0;

    /// Zeroed memory of kind(), aligned to pages.
    [[nodiscard]] virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
    /// Zeroed host memory that both a NIC (at address()) and the copies of this provider (at copy_address()) reach,
    /// on that NUMA node (-1: any). `note` is set where the node could not be had.
    [[nodiscard]] virtual std::unique_ptr<Buffer> allocate_reachable(std::size_t bytes, int numa_node,
                                                                     std::string& note) = 0;
    /// Memory of the user's. Refuses memory of another kind or device by name.
    [[nodiscard]] virtual std::unique_ptr<Buffer> adopt(const void* address, std::size_t bytes) = 0;
    /// Whether an adopted buffer still lies in the allocations it was adopted in. False: it was freed, and what stands
    /// at its address now is something else, which a registration made before does not reach.
    [[nodiscard]] virtual bool matches(const Buffer& buffer) const noexcept = 0;
    /// @throws Error(bad_argument) naming `what` where the copies of this provider cannot read and write the range.
    virtual void require_reachable(const void* address, std::size_t bytes, std::string_view what) const = 0;

    /// Whether export_dmabuf() can take that mapping at all.
    [[nodiscard]] virtual bool exports(Mapping mapping) const noexcept = 0;
    [[nodiscard]] virtual Export export_dmabuf(const Buffer& buffer, Mapping mapping) = 0;
    /// Called for every range before a NIC is given it: makes synchronous copies on it wait for themselves.
    /// Returns what the log should say where that is not to be had; empty: all is well.
    [[nodiscard]] virtual std::string prepare(const Buffer& buffer) = 0;

    /// Of memory of kind().
    [[nodiscard]] virtual Visibility visibility() const noexcept = 0;
    /// For Visibility::after_flush, after a round's last completion on every NIC. Empty: done; else the error in words.
    [[nodiscard]] virtual std::string flush() = 0;

    /// The user's streams on the device; null where there is none.
    [[nodiscard]] virtual Streams* streams() { return nullptr; }

    /// Made by any thread, bound to the one that uses it. It must end before the provider does.
    [[nodiscard]] virtual std::unique_ptr<CopyExecutor> make_executor(const ExecutorOptions& options) = 0;
};

}  // namespace remit::memory
