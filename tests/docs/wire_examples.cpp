// What the pages show of the code: without an option one example of each message as the codec encodes it, for
// docs/wire_protocol.md; with --maps where the blocks of a small pool lie, for docs/pictures/layout.svg.

#include "protocol/codec.hpp"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace remit;
using namespace remit::protocol;

constexpr std::size_t kBytesARow = 16;

const PeerAddress kLanguage{"10.0.0.6", 41000};
constexpr SessionId kSession{7301, 1, 0, 0};
constexpr SessionId kAttempt{7301, 1, 1, 90125};

/// Two blocks of 4 tokens of 8 bf16 elements: small enough to follow with a pencil.
Layout example_layout() {
    return Layout::multimodal({.block_size = 4, .hidden = 8, .dtype = DType::bf16});
}

QueuePairAddress example_queue_pair(std::uint32_t number) {
    QueuePairAddress address;
    address.number = number;
    address.psn = 0x00a1b2;
    address.mtu = 4096;
    address.gid = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 6};
    return address;
}

Register example_register() {
    constexpr std::uint64_t kPoolAt = 0x7f0000000000;
    const Layout layout = example_layout();
    Register m;
    m.from = kLanguage;
    m.id = kSession;
    m.layout = layout.shape();
    m.pool = place_pool(layout, 2, kPoolAt);
    for (SegmentMap& segment : m.pool.segments) segment.registration = 0;
    m.pool.registrations.push_back({kPoolAt, pool_bytes(layout, 2), 0x1a2b, {}});
    m.queue_pairs = {example_queue_pair(41)};
    m.limits = {1073741824};
    for (const std::string_view name : {kFence, kYield, kAnswers, kReasons}) m.capabilities.emplace_back(name);
    return m;
}

Registered answer(decltype(Registered::answer) what) { return {7301, 1, 90125, std::move(what)}; }

struct Example {
    std::string_view name;
    Frames frames;
    bool understood;  ///< by the decoder, which makes the same frames of it
};

Example to_embedding(std::string_view name, const ToEmbedding& message) {
    const Frames frames = encode(message);
    const auto decoded = decode_for_embedding(frames);
    return {name, frames, decoded && decoded->index() == message.index() && encode(*decoded) == frames};
}

Example to_language(std::string_view name, const ToLanguage& message) {
    const Frames frames = encode(message);
    const auto decoded = decode_for_language(frames);
    return {name, frames, decoded && decoded->index() == message.index() && encode(*decoded) == frames};
}

std::vector<Example> examples() {
    const plan::Checksums sums{2868771838u, 305419896u, 3735928559u, 19088743u};
    Registered::Accepted accepted{{example_queue_pair(77)}, {1073741824}, {}};
    for (const std::string_view name : {kFence, kYield, kAnswers, kReasons}) accepted.capabilities.emplace_back(name);
    return {
        to_embedding("REGISTER", example_register()),
        to_language("REGISTERED", answer(accepted)),
        to_language("REGISTERED error", answer(Registered::Refused{"hidden differs: language worker has 8, embedding worker has 16"})),
        to_language("REGISTERED lost", answer(Registered::Lost{"embedding worker restarted"})),
        to_embedding("INIT", Init{100, kLanguage, kAttempt, {0, 1}, 1, 8}),
        to_embedding("INIT without blocks", Init{100, kLanguage, kAttempt, {}, 1, 0}),
        to_embedding("RESUME", Resume{100, kLanguage, kAttempt, {1}, 1, 8, 3}),
        to_language("STATUS", StatusReport{100, Status::WaitingForInput, 0, 0, 11, "", kAttempt, SenderAnswer::none, {}}),
        to_language("STATUS with all frames", StatusReport{100, Status::Success, 2, 11, 11, "", kAttempt, SenderAnswer::coming, sums}),
        to_embedding("ABORT", Abort{100, kLanguage, kAttempt, AbortKind::abort, "its user went away"}),
        to_embedding("ABORT yield", Abort{100, kLanguage, kAttempt, AbortKind::yield, ""}),
        to_language("ABORTED", Aborted{100, true, 1, kAttempt}),
        to_language("ABORTED left of the window", Aborted{100, true, std::nullopt, kAttempt}),
        to_embedding("CLOSE", Close{kLanguage, kSession, "language worker stopped"}),
        to_embedding("PING", Ping{kLanguage, kSession, 12, 5000000000}),
        to_language("PONG", Pong{{"10.0.0.5", 7700}, kSession, 12, 5000000000, 8100000000}),
    };
}

bool is_text(std::string_view frame) {
    for (const char c : frame) {
        if (c < ' ' || c > '~') return false;
    }
    return true;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(c));
    return text;
}

/// JSON is told as it is, everything else as bytes and, beside them, as text where it is text.
std::string frame_text(std::size_t number, std::string_view frame) {
    if (!frame.empty() && frame.front() == '{') return fmt::format("{}  {} bytes  {}\n", number, frame.size(), frame);
    std::string text;
    for (std::size_t at = 0; at == 0 || at < frame.size(); at += kBytesARow) {
        const std::string_view row = frame.substr(at, kBytesARow);
        const std::string head = at == 0 ? fmt::format("{}  {} bytes", number, frame.size()) : "";
        std::string line = fmt::format("{:12}  {:47}  {}", head, hex(row), is_text(frame) ? row : "");
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

nlohmann::ordered_json map_of(std::uint32_t block_size, Arrangement arrangement) {
    constexpr std::uint32_t kBlocks = 3;
    const Layout layout = Layout::multimodal(
        {.block_size = block_size, .hidden = 32, .dtype = DType::bf16, .deepstack = 1, .arrangement = arrangement});
    const BlockMap map = place_pool(layout, kBlocks, 0);
    nlohmann::ordered_json segments;
    for (std::size_t i = 0; i < map.segments.size(); ++i) {
        const Segment& shape = layout.segments()[i];
        segments.push_back({{"name", std::string(to_string(shape.kind))},
                            {"offset", map.segments[i].base},
                            {"block_stride", map.segments[i].block_stride},
                            {"plane_stride", map.segments[i].plane_stride},
                            {"planes", shape.planes},
                            {"token_bytes", shape.token_bytes},
                            {"block_bytes", shape.block_bytes(block_size)}});
    }
    return {{"arrangement", std::string(to_string(arrangement))},
            {"blocks", kBlocks},
            {"block_size", block_size},
            {"bytes", pool_bytes(layout, kBlocks)},
            {"segments", segments}};
}

/// A pool as the library places it in either arrangement, and one of blocks short enough to draw token by token.
std::string maps_text() {
    const auto pools = nlohmann::ordered_json::array(
        {map_of(64, Arrangement::segments), map_of(64, Arrangement::slab), map_of(8, Arrangement::segments)});
    return pools.dump(1) + "\n";
}

bool print_examples() {
    bool all_understood = true;
    for (const Example& example : examples()) {
        all_understood = all_understood && example.understood;
        if (!example.understood) std::cerr << "not decoded as it was encoded: " << example.name << '\n';
        std::cout << "== " << example.name << '\n';
        for (std::size_t i = 0; i < example.frames.size(); ++i) std::cout << frame_text(i, example.frames[i]);
    }
    return all_understood;
}

}  // namespace

int main(int argc, char** argv) {
    const bool maps = argc > 1 && std::string_view(argv[1]) == "--maps";
    if (maps) std::cout << maps_text();
    return (maps || print_examples()) && std::cout.flush() ? 0 : 1;
}
