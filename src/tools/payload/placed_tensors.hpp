#pragma once

#include <remit/tensor_memory.hpp>

#include <vector>

#include "tools/payload/tensors.hpp"

namespace remit::tools {

/// Tensors where workers move them from or to: those of the CPU where it reaches that memory, else a copy of them, guards
/// and all.
class PlacedTensors {
public:
    /// @param memory null: the tensors are used where they are
    PlacedTensors(Tensors& tensors, TensorMemory* memory);
    ~PlacedTensors();
    PlacedTensors(const PlacedTensors&) = delete;
    PlacedTensors& operator=(const PlacedTensors&) = delete;

    /// As Tensors::addresses(), where the worker uses them.
    [[nodiscard]] std::vector<void*> addresses() const;
    /// Brings tokens [first, end) of the tensors to where the worker reads them.
    void place(std::uint64_t first, std::uint64_t end);
    /// Brings what has arrived into the tensors.
    void fetch();

private:
    Tensors& tensors_;
    TensorMemory* memory_;
    std::vector<void*> areas_;  ///< of each segment, with its guards; empty where the tensors themselves are used
};

}  // namespace remit::tools
