#pragma once

#include <remit/layout.hpp>
#include <remit/types.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/cli/options.hpp"
#include "tools/payload/payload.hpp"

namespace remit::tools {

/// Requests of one length that get their memory in one way.
struct BenchCase {
    BenchMode mode;
    std::uint64_t tokens = 0;
    std::uint64_t bytes = 0;            ///< payload of one request
    std::uint64_t expected_tokens = 0;  ///< what the receiver guesses; 0: it asks for the size first
};

/// What a bench moves: computed alike by both ends from the same options, so that nothing but rooms need be agreed on.
class BenchPlan {
public:
    /// @throws UsageError where a size and a layout do not go together.
    explicit BenchPlan(const Options& options);

    [[nodiscard]] const Layout& sender_layout() const noexcept { return sender_layout_; }
    [[nodiscard]] const Layout& receiver_layout() const noexcept { return receiver_layout_; }
    /// Size after size, in each the modes in the order given.
    [[nodiscard]] const std::vector<BenchCase>& cases() const noexcept { return cases_; }
    [[nodiscard]] std::size_t modes() const noexcept { return modes_; }
    [[nodiscard]] std::uint32_t concurrency() const noexcept { return concurrency_; }
    [[nodiscard]] std::uint64_t most_tokens() const noexcept { return most_tokens_; }
    /// Requests of one case that are not measured in time: 0 for no bound.
    [[nodiscard]] std::uint64_t requests_a_case() const noexcept { return requests_a_case_; }
    [[nodiscard]] std::uint32_t receiver_pool_blocks() const noexcept { return receiver_pool_blocks_; }

    /// Room of the `number`-th request of a case. A plan of other sizes or modes has other rooms.
    [[nodiscard]] RoomId room(std::size_t index, std::uint64_t number) const noexcept;
    /// Whose arrival ends the sender.
    [[nodiscard]] RoomId last_room() const noexcept;

    /// There are two payloads, so that what an earlier request left in memory does not pass for a later one.
    [[nodiscard]] std::unique_ptr<Payload> payload(std::uint32_t which, std::uint64_t tokens) const;
    /// Requests that are timed carry payload 0; of those that are checked every other one carries payload 1.
    static constexpr std::uint64_t kChecked = std::uint64_t{1}
                                              << 27;  ///< number of the first checked request of a case
    [[nodiscard]] std::uint32_t payload_of_checked(std::size_t index) const noexcept {
        return 1 - static_cast<std::uint32_t>(index % modes_ % 2);
    }

private:
    std::uint64_t seed_;
    std::uint64_t fingerprint_ = 0;
    Layout sender_layout_;
    Layout receiver_layout_;
    std::vector<BenchCase> cases_;
    std::size_t modes_ = 0;
    std::uint32_t concurrency_ = 1;
    std::uint64_t most_tokens_ = 0;
    std::uint64_t requests_a_case_ = 0;
    std::uint32_t receiver_pool_blocks_ = 0;
};

/// "one-shot", "resume/4", "serial/2", "size-first".
[[nodiscard]] std::string to_string(const BenchMode& mode);

}  // namespace remit::tools
