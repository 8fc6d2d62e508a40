#include "tools/payload/placed_tensors.hpp"

#include <utility>

namespace remit::tools {

PlacedTensors::PlacedTensors(Tensors& tensors, TensorMemory* memory) : tensors_(tensors), memory_(memory) {
    if (memory_ == nullptr) return;
    for (std::size_t i = 0; i < tensors_.segments(); ++i) {
        const std::span<std::byte> area = tensors_.area(i);
        areas_.push_back(area.empty() ? nullptr : memory_->allocate(area.size()));
        if (!area.empty()) memory_->write(areas_.back(), area);
    }
}

PlacedTensors::~PlacedTensors() {
    for (void* area : areas_) memory_->free(area);
}

std::vector<void*> PlacedTensors::addresses() const {
    if (memory_ == nullptr) return tensors_.addresses();
    std::vector<void*> result;
    for (void* area : areas_) {
        result.push_back(area == nullptr ? nullptr : static_cast<std::byte*>(area) + Tensors::kGuardBytes);
    }
    return result;
}

void PlacedTensors::place(std::uint64_t first, std::uint64_t end) {
    if (first == end) return;
    for (std::size_t i = 0; i < areas_.size(); ++i) {
        if (areas_[i] == nullptr) continue;
        for (std::uint32_t plane = 0; plane < tensors_.planes(i); ++plane) {
            const std::span<const std::byte> row = std::as_const(tensors_).row(i, plane, first);
            const auto offset = static_cast<std::size_t>(row.data() - tensors_.area(i).data());
            memory_->write(static_cast<std::byte*>(areas_[i]) + offset, {row.data(), (end - first) * row.size()});
        }
    }
}

void PlacedTensors::fetch() {
    for (std::size_t i = 0; i < areas_.size(); ++i) {
        if (areas_[i] != nullptr) memory_->read(areas_[i], tensors_.area(i));
    }
}

}  // namespace remit::tools
