// Frames from anybody: one a line. Both decoders take them; what is accepted encodes to frames that are accepted, and
// the reason of a refusal can be logged as it is.

#include "require.hpp"

#include "protocol/codec.hpp"

#include <algorithm>
#include <string_view>

namespace remit::fuzz {
namespace {

using protocol::Frames;

Frames lines_of(std::string_view text) {
    Frames frames;
    while (true) {
        const std::size_t end = text.find('\n');
        frames.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return frames;
        text.remove_prefix(end + 1);
    }
}

template <class Decode>
void try_decoder(const Frames& frames, Decode decode) {
    const auto message = decode(frames);
    if (!message) {
        const std::string& detail = message.error().detail;
        require(detail.size() <= 250, "a refusal is short: " + detail);
        require(std::all_of(detail.begin(), detail.end(), [](char c) { return c >= ' ' && c <= '~'; }),
                "a refusal is printable");
        return;
    }
    const Frames again = protocol::encode(*message);
    const auto decoded = decode(again);
    require(decoded.has_value(), "what was accepted is accepted again");
    require(protocol::encode(*decoded) == again, "what was accepted means the same again");
}

}  // namespace
}  // namespace remit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace remit;
    const auto frames = fuzz::lines_of({reinterpret_cast<const char*>(data), size});
    fuzz::try_decoder(frames, [](const auto& f) { return protocol::decode_for_embedding(f); });
    fuzz::try_decoder(frames, [](const auto& f) { return protocol::decode_for_language(f); });
    return 0;
}
