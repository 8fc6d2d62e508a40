// Lengths at the edges: of a block, of the guess, of the pool.

#include "pair.hpp"

namespace remit::worker::test {
namespace {

class Lengths : public testing::TestWithParam<std::tuple<std::uint64_t, Into>> {};

TEST_P(Lengths, ArriveWhole) {
    const auto& [tokens, into] = GetParam();
    Pair pair;
    pair.expect_transfer({11, tokens}, 1024, into);
}

INSTANTIATE_TEST_SUITE_P(, Lengths,
                         testing::Combine(testing::Values(1, 2, 127, 128, 129, 1023, 1024, 1025, 1151, 1152, 1153),
                                          testing::Values(Into::sink, Into::kept)),
                         [](const auto& test) {
                             return std::to_string(std::get<0>(test.param)) +
                                    (std::get<1>(test.param) == Into::sink ? "Sink" : "Kept");
                         });

TEST(Guesses, OfOneTokenAndOfMoreThanThePoolBothWork) {
    PairOptions options;
    options.language_blocks = 8;
    Pair pair(options);
    for (const Into into : {Into::sink, Into::kept}) {
        pair.expect_transfer({1, 900}, 1, into);
        pair.expect_transfer({2, 900}, 1'000'000, into);
        pair.expect_transfer({3, 1024}, 129, into);
    }
}

TEST(LargerThanThePool, ASinkTakesIt) {
    PairOptions options;
    options.language_blocks = 4;
    Pair pair(options);
    const Incoming incoming = pair.receive(1, 1024);
    const Outgoing outgoing = pair.send({1, 6000});
    incoming.expect_success({1, 6000});
    outgoing.expect_success();
    EXPECT_EQ(incoming.reception().rounds(), 12U);
}

TEST(LargerThanThePool, OneBlockIsEnoughForASink) {
    PairOptions options;
    options.language_blocks = 1;
    Pair pair(options);
    pair.expect_transfer({1, 1000}, 1024);
    pair.expect_transfer({2, 1000}, 0);
}

TEST(LargerThanThePool, KeptBlocksAreRefusedAtOnceWithTheNumbers) {
    PairOptions options;
    options.language_blocks = 4;
    Pair pair(options);
    for (const std::uint64_t expected : {0U, 128U, 1024U}) {
        const auto began = std::chrono::steady_clock::now();
        const Incoming incoming = pair.receive(1, expected, Into::kept);
        const Outgoing outgoing = pair.send({1, 513});
        incoming.expect_failed("513");
        EXPECT_NE(incoming.reception().reason().find("4"), std::string::npos) << incoming.reception().reason();
        EXPECT_EQ(outgoing.send().wait_for(scaled(10'000)), Status::Failed);
        EXPECT_LT(std::chrono::steady_clock::now() - began, scaled(10'000));
        expect_whole(pair.language());
    }
    pair.expect_transfer({2, 512}, 128, Into::kept);
}

}  // namespace
}  // namespace remit::worker::test
