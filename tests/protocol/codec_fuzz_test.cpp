#include "message_samples.hpp"
#include "protocol/codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace remit::protocol {
namespace {

/// Messages spoiled at random: bytes changed, frames cut, swapped, doubled, dropped.
class Spoiler {
public:
    explicit Spoiler(std::uint64_t seed) : samples_(seed) {}

    Frames next() {
        const auto kind = static_cast<int>(samples_.below(7));
        Frames frames =
            samples_.below(2) == 0 ? encode(samples_.to_embedding(kind)) : encode(samples_.to_language(kind));
        for (std::uint64_t i = 0; i < 1 + samples_.below(4) && !frames.empty(); ++i) spoil(frames);
        return frames;
    }

private:
    std::string& any(Frames& frames) { return frames[samples_.below(frames.size())]; }
    char byte() {
        constexpr std::string_view likely = "0123456789.,-+{}[]\":eN";
        return samples_.below(2) == 0 ? likely[samples_.below(likely.size())] : static_cast<char>(samples_.below(256));
    }

    void spoil(Frames& frames) {
        std::string& frame = any(frames);
        switch (samples_.below(8)) {
            case 0:
            case 1:
                if (!frame.empty()) frame[samples_.below(frame.size())] = byte();
                return;
            case 2: frame.insert(samples_.below(frame.size() + 1), 1, byte()); return;
            case 3: frame.resize(samples_.below(frame.size() + 1)); return;
            case 4: std::swap(frame, any(frames)); return;
            case 5: frames.push_back(any(frames)); return;
            case 6: frames.pop_back(); return;
            default:
                frame.assign(samples_.below(40), '\0');
                for (char& c : frame) c = byte();
        }
    }

    MessageSamples samples_;
};

template <class Decoded>
void expect_sound(const Decoded& decoded, std::array<int, kDecodeFaults>& faults) {
    if (!decoded) {
        ++faults.at(static_cast<std::size_t>(decoded.error().fault));
        ASSERT_LE(decoded.error().detail.size(), 250u);
        const std::string& detail = decoded.error().detail;
        ASSERT_TRUE(std::all_of(detail.begin(), detail.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    }
}

TEST(CodecFuzz, NoSpoiledMessageThrowsAndEveryFaultIsLoggable) {
    Spoiler spoiler(4);
    std::array<int, kDecodeFaults> faults{};
    for (int i = 0; i < 100'000; ++i) {
        const Frames frames = spoiler.next();
        ASSERT_NO_THROW(expect_sound(decode_for_embedding(frames), faults));
        ASSERT_NO_THROW(expect_sound(decode_for_language(frames), faults));
        if (::testing::Test::HasFatalFailure()) FAIL() << "case " << i;
    }
    for (std::size_t i = 0; i < faults.size(); ++i) {
        EXPECT_GT(faults[i], 0) << "never seen: " << to_string(static_cast<DecodeFault>(i));
    }
}

// What is accepted is a message that its sender could have sent: it encodes, and reads the same again.
TEST(CodecFuzz, WhatIsAcceptedEncodesToFramesThatAreAccepted) {
    Spoiler spoiler(5);
    int accepted = 0;
    for (int i = 0; i < 30'000; ++i) {
        const Frames frames = spoiler.next();
        if (const auto message = decode_for_embedding(frames)) {
            const Frames again = encode(*message);
            const auto decoded = decode_for_embedding(again);
            ASSERT_TRUE(decoded) << decoded.error().detail;
            ASSERT_EQ(encode(*decoded), again);
            ++accepted;
        }
        if (const auto message = decode_for_language(frames)) {
            const Frames again = encode(*message);
            const auto decoded = decode_for_language(again);
            ASSERT_TRUE(decoded) << decoded.error().detail;
            ASSERT_EQ(encode(*decoded), again);
            ++accepted;
        }
    }
    EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace remit::protocol
