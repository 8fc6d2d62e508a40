#pragma once

#include "fabric/fabric.hpp"
#include "memory/provider.hpp"
#include "registration/path.hpp"

#include <memory>
#include <string>

namespace remit::registration {

/// What became of the attempts to register a buffer.
struct Outcome {
    Path path = Path::staged;
    std::unique_ptr<fabric::MemoryRegion> region;  ///< empty with Path::staged
    std::string refusals;  ///< of what was tried before, "; " between them; empty where the first attempt went well
    std::string notes;     ///< what the log should say besides
};

/// Registers `buffer` on the first way that driver, kernel and NIC take: dma-buf with the PCIe mapping where both sides
/// know it, dma-buf, peer memory. Path::staged where none does, or where the setting says so.
/// Host memory, pinned or not, is registered as it is, whatever the setting.
/// @throws Error(environment) where the setting asks for a way that is refused, naming each refusal and the remedy;
/// Error as Fabric::register_memory() for host memory; Error(misuse) for a buffer that must not be registered.
[[nodiscard]] Outcome register_buffer(memory::Provider& provider, fabric::Fabric& fabric, const memory::Buffer& buffer,
                                      fabric::Access access, GpuDirect setting);

}  // namespace remit::registration
