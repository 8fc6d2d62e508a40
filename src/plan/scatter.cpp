#include "plan/scatter.hpp"

namespace remit::plan {

tl::expected<void, std::string> plan_scatter(const Layout& layout, const Side& round, const BlockMap& tensors,
                                             const TokenRange& range, std::vector<memory::Copy>& copies,
                                             BlockOrder& order) {
    const BlockId only_block = 0;
    const Side destination{tensors, {&only_block, 1}, 0};
    if (auto valid = order_blocks(layout, round, range, "source", order); !valid) return valid;
    if (auto valid = order_blocks(layout, destination, range, "destination", order); !valid) return valid;
    visit_pieces(layout, round, destination, range, 0, order, [&](const RawPiece& piece) {
        if (!copies.empty()) {
            memory::Copy& last = copies.back();
            if (last.source + last.bytes == piece.source && last.destination + last.bytes == piece.destination) {
                last.bytes += piece.bytes;
                return;
            }
        }
        copies.push_back({piece.source, piece.destination, piece.bytes});
    });
    return {};
}

tl::expected<void, std::string> plan_scatter(const Layout& layout, const Side& round, const BlockMap& tensors,
                                             const TokenRange& range, std::vector<memory::Copy>& copies) {
    BlockOrder order;
    return plan_scatter(layout, round, tensors, range, copies, order);
}

}  // namespace remit::plan
