#pragma once

#include "layout/block_map.hpp"
#include "registration/shared.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace remit::worker::embedding {

/// Registrations of the user's memory that a source's map names: held until its send has ended, asked for each time
/// before it is planned from. Owned by the worker's thread once the send has begun.
class AdoptedSources {
public:
    /// Segment `index` of `map`, which takes `bytes` bytes there, is sent where it lies if one of `registrations` has
    /// all of it; else it is gathered.
    void look_up(registration::SharedRegistrations& registrations, BlockMap& map, std::size_t index,
                 std::uint64_t bytes);

    /// Where some of the memory was freed since: what is planned from now on is gathered. Its registration reaches the
    /// old pages, whatever is at the address now. What was planned before keeps its keys.
    void recheck(BlockMap& map);

    /// Nothing is in flight any more.
    void release() noexcept { held_.clear(); }

private:
    std::vector<std::shared_ptr<const registration::SharedRegistration>> held_;
};

}  // namespace remit::worker::embedding
