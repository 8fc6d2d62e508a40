#pragma once

#include "memory/provider.hpp"
#include "pool/block_pool.hpp"
#include "protocol/language/actions.hpp"
#include "worker/language/read_back.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace remit::worker::language {

/// Makes rounds visible to whoever reads them, in the order in which they came: one flush for all that have arrived, where
/// the platform asks for one; then what the user keeps is copied from the memory the NIC wrote to the user's blocks, and
/// the aux to where the CPU can read it. Owned by one thread.
class Visibility {
public:
    using Request = protocol::language::MakeVisible;
    using OnVisible = std::function<void(Request&, const Aux&)>;

    /// @throws Error as the fabric's calls, where reads of own memory are needed.
    Visibility(pool::BlockPool& pool, memory::Provider& memory, memory::CopyExecutor& copies, fabric::Fabric& fabric);

    /// All of the request's completions are in.
    void start(Request request);
    /// Moves everything that can move; true where something did. After a failure every request is answered, and its
    /// aux means nothing.
    bool pump(const OnVisible& on_visible);
    [[nodiscard]] bool idle() const noexcept { return requests_.empty(); }
    /// Why nothing can be made visible any more; sticky.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    void arm();

private:
    enum class Stage : std::uint8_t { arrived, flushing, flushed, copying };
    struct Pending {
        Request request;
        Stage stage = Stage::arrived;
        memory::Ticket ticket = 0;
    };

    [[nodiscard]] bool flush();
    [[nodiscard]] bool copy(Pending& pending);
    [[nodiscard]] bool is_copying(const Pending& pending);
    void add_kept(const BlockTable& blocks);
    [[nodiscard]] Aux aux_of(const Pending& pending) const;
    [[nodiscard]] std::uint64_t aux_address(const BlockMap& map, BlockId block) const;

    pool::BlockPool& pool_;
    memory::Provider& memory_;
    memory::CopyExecutor& copies_;
    memory::Visibility needed_;
    std::optional<ReadBack> read_back_;
    std::unique_ptr<memory::Buffer> aux_;  ///< where the aux of the oldest request goes; null where the CPU reads the pool
    std::vector<Pending> requests_;        ///< oldest first
    std::vector<memory::Copy> scratch_;
    std::string failure_;
};

}  // namespace remit::worker::language
