#pragma once

#include "requests.hpp"

#include <memory>

namespace remit::worker::test {

/// A send whose source is filled bit by bit while it is on its way, as an encoder fills it; what is not filled yet holds
/// bytes that no receiver may see. Gives its blocks back.
class Growing {
public:
    Growing(EmbeddingWorker& worker, const Content& content, std::uint64_t ready, From from = From::contiguous);
    ~Growing();
    Growing(const Growing&) = delete;
    Growing& operator=(const Growing&) = delete;

    /// Fills tokens up to `tokens` and says so.
    void grow(std::uint64_t tokens);
    /// Fills tokens up to `end` and says nothing.
    void fill(std::uint64_t end);
    /// Grows, and waits until something more has been posted.
    void grow_and_see(std::uint64_t tokens);
    /// All the rest in steps, each of which is seen on the wire.
    void grow_in_steps(std::uint64_t step);
    [[nodiscard]] const Send& send() const { return *send_; }
    void expect_success(long milliseconds = 30'000) const;
    void expect_failed(const std::string& part_of_reason, long milliseconds = 30'000) const;

private:
    [[nodiscard]] std::byte* row(std::size_t segment, std::uint32_t plane, std::uint64_t token) const;

    EmbeddingWorker* worker_;
    Content content_;
    Layout layout_;
    std::uint64_t filled_ = 0;
    BlockTable table_;
    std::unique_ptr<Tensors> tensors_;
    std::optional<Send> send_;
};

}  // namespace remit::worker::test
