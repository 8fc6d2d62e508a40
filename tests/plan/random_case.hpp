#pragma once

#include "memory_pool.hpp"
#include "plan/round.hpp"

#include <memory>
#include <random>
#include <string>

namespace remit::plan {

/// A random round between two random memories, every shape of which is legal.
class RandomCase {
public:
    explicit RandomCase(std::uint64_t seed);

    [[nodiscard]] RoundRequest request() const;
    [[nodiscard]] const RoundSettings& settings() const noexcept { return settings_; }
    [[nodiscard]] MemoryPool& destination() noexcept { return *destination_; }
    [[nodiscard]] bool source_is_registered() const noexcept { return !source_->map.registrations.empty(); }
    [[nodiscard]] std::string describe() const;

private:
    [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + random_() % (high - low + 1);
    }
    [[nodiscard]] bool chance(std::uint64_t one_in) { return random_() % one_in == 0; }
    [[nodiscard]] Layout::Shape random_shape();
    [[nodiscard]] BlockTable random_table(std::uint32_t pool_blocks, std::uint64_t count);
    [[nodiscard]] std::unique_ptr<MemoryPool> random_pool(const Layout& layout, std::uint32_t blocks);
    void make_source(const Layout& layout);
    void make_settings();

    std::mt19937_64 random_;
    std::unique_ptr<Layout> layout_;
    std::unique_ptr<MemoryPool> source_;
    std::unique_ptr<MemoryPool> destination_;
    BlockTable source_table_;
    BlockTable destination_table_;
    TokenRange range_;
    std::uint64_t total_ = 0;
    std::vector<std::byte> aux_ = std::vector<std::byte>(sizeof(Aux) + 64);
    std::uint64_t aux_source_ = 0;
    RoundSettings settings_;
};

}  // namespace remit::plan
