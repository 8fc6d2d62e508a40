#include "worker/language/visibility.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace remit::worker::language {

Visibility::Visibility(pool::BlockPool& pool, memory::Provider& memory, memory::CopyExecutor& copies,
                       fabric::Fabric& fabric)
    : pool_(pool), memory_(memory), copies_(copies), needed_(pool.memory().visibility()) {
    if (needed_ == memory::Visibility::after_read_back) read_back_.emplace(fabric, *pool.memory().region());
    if (pool.memory().wire()->kind() != MemoryKind::cuda) return;
    std::string note;  // of the NUMA node: a line of memory
    aux_ = memory.allocate_reachable(sizeof(Aux), fabric.numa_node(), note);
}

void Visibility::start(Request request) { requests_.push_back({std::move(request), Stage::arrived, 0}); }

void Visibility::arm() {
    if (read_back_) read_back_->arm();
}

bool Visibility::pump(const OnVisible& on_visible) {
    bool moved = flush();
    while (!requests_.empty()) {
        Pending& oldest = requests_.front();
        if (failure_.empty() ? !copy(oldest) : is_copying(oldest)) break;
        Pending done = std::move(oldest);
        const Aux aux = failure_.empty() ? aux_of(done) : Aux{};
        requests_.erase(requests_.begin());
        on_visible(done.request, aux);
        moved = true;
    }
    return moved;
}

/// One flush covers every request whose completions were in before it began.
bool Visibility::flush() {
    if (requests_.empty() || !failure_.empty()) return false;
    const auto move = [this](Stage from, Stage to) {
        for (Pending& pending : requests_) {
            if (pending.stage == from) pending.stage = to;
        }
    };
    const auto any = [this](Stage stage) {
        return std::any_of(requests_.begin(), requests_.end(), [&](const Pending& p) { return p.stage == stage; });
    };
    if (any(Stage::flushing)) {
        if (read_back_->running()) return false;
        failure_ = read_back_->failure();
        move(Stage::flushing, Stage::flushed);
    }
    if (!any(Stage::arrived)) return false;
    switch (needed_) {
        case memory::Visibility::at_completion: move(Stage::arrived, Stage::flushed); return true;
        case memory::Visibility::after_flush:
            failure_ = memory_.flush();
            move(Stage::arrived, Stage::flushed);
            return true;
        case memory::Visibility::after_read_back:
            if (!read_back_->start()) failure_ = read_back_->failure();
            move(Stage::arrived, Stage::flushing);
            return true;
    }
    return true;
}

/// True once the request's bytes are where they will be read.
bool Visibility::copy(Pending& pending) {
    if (pending.stage == Stage::arrived || pending.stage == Stage::flushing) return false;
    if (pending.stage == Stage::flushed) {
        scratch_.clear();
        if (pool_.memory().mirrored()) add_kept(pending.request.kept);
        if (pending.request.with_aux && aux_ != nullptr) {
            const std::uint64_t from = aux_address(pool_.local_map(), pending.request.aux_block);
            scratch_.push_back({from, aux_->copy_address(), sizeof(Aux)});
        }
        if (scratch_.empty()) return true;
        pending.ticket = copies_.submit(scratch_, 0);
        pending.stage = Stage::copying;
    }
    if (!copies_.done(pending.ticket)) return false;
    failure_ = copies_.failure();
    return true;
}

/// Whether a copy that was begun before the failure may still write.
bool Visibility::is_copying(const Pending& pending) { return pending.stage == Stage::copying && !copies_.done(pending.ticket); }

/// Whole blocks, from what the NIC wrote to where the user reads.
void Visibility::add_kept(const BlockTable& blocks) {
    const auto& segments = pool_.layout().segments();
    for (const BlockId block : blocks) {
        for (std::size_t i = 0; i < segments.size(); ++i) {
            scratch_.push_back({pool_.local_map().address(i, block, 0, 0, 0), pool_.blocks_map().address(i, block, 0, 0, 0),
                                segments[i].block_bytes(pool_.layout().block_size())});
        }
    }
}

std::uint64_t Visibility::aux_address(const BlockMap& map, BlockId block) const {
    const auto& segments = pool_.layout().segments();
    const auto aux = std::find_if(segments.begin(), segments.end(),
                                  [](const Segment& segment) { return segment.kind == SegmentKind::aux_datas; });
    return map.address(static_cast<std::size_t>(aux - segments.begin()), block, 0, 0, 0);
}

Aux Visibility::aux_of(const Pending& pending) const {
    Aux aux{};
    if (!pending.request.with_aux) return aux;
    const std::uint64_t from = aux_ != nullptr ? aux_->address() : aux_address(pool_.remote_map(), pending.request.aux_block);
    std::memcpy(aux.data(), reinterpret_cast<const void*>(from), sizeof aux);
    return aux;
}

}  // namespace remit::worker::language
