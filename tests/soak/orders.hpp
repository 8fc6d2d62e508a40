#pragma once

#include "content.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What the referee tells the two workers to do, and what they tell it became of it.
namespace remit::soak {

inline constexpr std::uint32_t kPoolBlocks = 16;
inline constexpr std::uint32_t kBlockSize = 128;
inline constexpr std::size_t kConcurrency = 64;

[[nodiscard]] Layout soak_layout();

/// What somebody does to a request on purpose.
enum class Fate : std::uint8_t { none, sender_aborts, receiver_aborts, rejected };

/// One try at one request. The room is the request's, try after try; the content is the try's own.
struct Order {
    std::uint32_t request = 0;
    std::uint32_t attempt = 0;
    Fate fate = Fate::none;

    [[nodiscard]] RoomId room() const { return request + std::uint64_t{1}; }
    /// From one token to three times the receiver's pool: a function of the request.
    [[nodiscard]] std::uint64_t tokens() const;
    [[nodiscard]] worker::test::Content content() const { return {room(), tokens(), attempt + std::uint64_t{1}}; }
    /// From one token to twice the truth, and sometimes nothing: size first.
    [[nodiscard]] std::uint64_t guess() const;
    /// Small ones are kept in their blocks now and then.
    [[nodiscard]] bool kept() const;
    /// A number of its own for everything else that is left to chance.
    [[nodiscard]] std::uint64_t chance(std::uint64_t about) const;
};

/// What a worker says when all its orders have ended.
struct Report {
    std::vector<std::uint32_t> succeeded;
    std::vector<std::pair<std::uint32_t, std::string>> failed;  ///< with their reasons
    std::vector<std::string> wrong;                             ///< what must never be: bytes, guards, blocks
    std::uint64_t rounds = 0;
    std::uint64_t resumes = 0;
    std::uint64_t bytes = 0;
    // The process, when all is at rest.
    std::uint64_t resident_kib = 0;
    std::uint64_t descriptors = 0;
    std::map<std::string, std::uint64_t> descriptor_kinds;  ///< how many of each kind those are
    std::uint64_t threads = 0;
};

/// Fills in what this process holds now.
void measure(Report& report);

[[nodiscard]] std::string encode(const std::string& endpoint, const std::vector<Order>& orders);
void decode(const std::string& line, std::string& endpoint, std::vector<Order>& orders);
[[nodiscard]] std::string encode(const Report& report);
[[nodiscard]] Report decode_report(const std::string& line);

}  // namespace remit::soak
