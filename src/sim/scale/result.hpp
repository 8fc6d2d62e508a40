#pragma once

#include "sim/scale/settings.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace remit::sim::scale {

/// Control messages by kind; liveness apart, since it goes by sessions and time.
enum class MessageKind : std::uint8_t { init, resume, status, abort, registration, liveness };
inline constexpr std::size_t kMessageKinds = 6;
inline constexpr std::array<const char*, kMessageKinds> kMessageNames{"INIT",  "RESUME",       "STATUS",
                                                                      "ABORT", "registration", "liveness"};

/// Requests by their length, since a mean over all would hide the small ones.
enum class SizeClass : std::uint8_t { small, medium, large };
inline constexpr std::size_t kSizeClasses = 3;
inline constexpr std::array<std::uint64_t, kSizeClasses> kMostOfClass{1024, 8192, ~std::uint64_t{0}};
inline constexpr std::array<const char*, kSizeClasses> kClassNames{"to 1024 tokens", "1025 to 8192", "over 8192"};

/// Values, sorted once all are in.
class Samples {
public:
    void add(double value) { values_.push_back(static_cast<float>(value)); }
    void sort();
    /// The smallest value that `share` of them do not exceed; 0 where there are none.
    [[nodiscard]] double quantile(double share) const;
    [[nodiscard]] double mean() const;
    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

private:
    std::vector<float> values_;
};

/// How often each of the small numbers 0, 1, 2 … came; memory goes by the largest.
class Counts {
public:
    void add(std::size_t value);
    [[nodiscard]] std::size_t quantile(double share) const;
    [[nodiscard]] double mean() const;
    [[nodiscard]] std::size_t most() const { return times_.empty() ? 0 : times_.size() - 1; }

private:
    std::vector<std::uint64_t> times_;
    std::uint64_t all_ = 0;
};

/// What one cluster did under one policy, warm-up apart. Everything but the last fields follows from the settings
/// alone.
struct Result {
    Settings settings;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::string first_failure;
    std::uint64_t tokens = 0;
    std::uint64_t bytes = 0;  ///< on the wire
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t writes = 0;
    std::uint64_t blocks_offered = 0;
    std::uint64_t blocks_needed = 0;
    std::uint64_t inits_without_blocks = 0;
    std::array<std::uint64_t, kMessageKinds> messages{};
    double block_seconds = 0;
    double pool_share = 0;          ///< of all pools' blocks, in the mean over time
    std::uint32_t most_blocks = 0;  ///< of one pool, as arriving requests saw it
    double seconds = 0;             ///< simulated, from the first request to the last end
    double port_share = 0;          ///< of what the embedding workers' ports could carry in that time

    Samples completion;  ///< µs from receive() and send() to Success
    std::array<Samples, kSizeClasses> by_class;
    Samples stretch;         ///< completion over the time that the bytes alone take on an idle wire
    Counts embedding_inbox;  ///< items that wait for an embedding worker's thread, as one that comes finds it
    Counts language_inbox;
    Counts sends_open;               ///< at an embedding worker, as an arriving request finds it
    Counts rooms_open;               ///< at a language worker, as an arriving request finds it
    double fairness_languages = 0;   ///< Jain's index of the mean stretch a language worker
    double fairness_embeddings = 0;  ///< of the mean stretch an embedding worker

    std::uint64_t warm_up = 0;  ///< requests before, one for each pair of workers, which only set up sessions
    std::uint64_t events = 0;
    std::uint64_t hash = 0;  ///< of every completion in order: two runs of the same settings share it

    double wall_seconds = 0;
    double processor_seconds = 0;   ///< of the thread that simulated
    std::uint64_t peak_memory = 0;  ///< bytes of the whole process so far
};

/// (sum x)^2 / (n * sum x^2): 1 where all are equal, 1/n where one has everything.
[[nodiscard]] double jain_index(const std::vector<double>& values);

}  // namespace remit::sim::scale
