// Shapes: block sizes, element types, deepstack, arrangements and sources, which may all differ between the two sides.

#include "pair.hpp"

#include <random>

namespace remit::worker::test {
namespace {

PairOptions shaped(const Layout::Shape& embedding, const Layout::Shape& language) {
    PairOptions options;
    options.embedding_layout = Layout::multimodal(embedding);
    options.language_layout = Layout::multimodal(language);
    return options;
}

std::uint32_t blocks_for_all(std::uint64_t tokens, std::uint32_t block_size) {
    return static_cast<std::uint32_t>((tokens + block_size - 1) / block_size);
}

TEST(Shapes, BlockSizesOfTheTwoSidesMayDiffer) {
    for (const auto& [sender, receiver] :
         {std::pair{80u, 112u}, {112u, 80u}, {1u, 128u}, {128u, 1u}, {7u, 3u}, {256u, 255u}}) {
        SCOPED_TRACE(testing::Message() << sender << " to " << receiver);
        PairOptions options;
        options.embedding_layout = small_layout(sender);
        options.language_layout = small_layout(receiver);
        options.embedding_blocks = blocks_for_all(1501, sender);
        options.language_blocks = blocks_for_all(1501, receiver) + 4;
        Pair pair(options);
        pair.expect_transfer({1, 1501}, 640, Into::sink);
        pair.expect_transfer({2, 1501}, 640, Into::kept);
        pair.expect_transfer({3, 1501}, 0, Into::sink, From::contiguous);
    }
}

TEST(Shapes, RandomOnesArriveWhole) {
    std::mt19937_64 random(20240607);
    const auto below = [&](std::uint64_t limit) { return static_cast<std::uint32_t>(random() % limit); };
    for (int i = 0; i < 60; ++i) {
        constexpr DType types[] = {DType::bf16, DType::fp16, DType::fp32, DType::fp8};
        Layout::Shape sender;
        sender.block_size = 1 + below(200);
        sender.hidden = 1 + below(70);
        sender.dtype = types[below(4)];
        sender.deepstack = below(4);
        sender.arrangement = below(2) == 0 ? Arrangement::slab : Arrangement::segments;
        Layout::Shape receiver = sender;
        receiver.block_size = 1 + below(200);
        receiver.arrangement = below(2) == 0 ? Arrangement::slab : Arrangement::segments;
        PairOptions options = shaped(sender, receiver);
        const std::uint64_t tokens = 1 + below(900);
        const bool kept = below(2) == 0;
        const std::uint32_t needed = blocks_for_all(tokens, receiver.block_size);
        options.embedding_blocks = blocks_for_all(tokens, sender.block_size);
        options.language_blocks = kept ? needed + below(5) : 1 + below(needed + 2);
        options.embedding.chunk_bytes = 4096u << below(6);
        options.embedding.gather = static_cast<Gather>(below(3));
        options.embedding.in_place_bytes = 64u << below(10);
        options.language.overlap = below(2) == 0;
        options.embedding.fabric.queue_pairs = 1 + below(3);
        options.language.fabric.queue_pairs = 1 + below(3);
        SCOPED_TRACE(testing::Message() << "case " << i << ": " << tokens << " tokens, blocks of " << sender.block_size
                                        << " to " << receiver.block_size << ", hidden " << sender.hidden);
        Pair pair(options);
        pair.expect_transfer({1, tokens, random()}, below(1100), kept ? Into::kept : Into::sink,
                             below(2) == 0 ? From::blocks : From::contiguous);
        if (testing::Test::HasFailure()) return;
    }
}

class Arrangements : public testing::TestWithParam<std::tuple<Arrangement, Arrangement, std::uint32_t, From>> {};

TEST_P(Arrangements, MayDifferWithAndWithoutDeepstack) {
    const auto& [sender, receiver, deepstack, from] = GetParam();
    Layout::Shape shape;
    shape.block_size = 64;
    shape.hidden = 24;
    shape.deepstack = deepstack;
    shape.arrangement = sender;
    Layout::Shape other = shape;
    other.block_size = 48;
    other.arrangement = receiver;
    Pair pair(shaped(shape, other));
    pair.expect_transfer({1, 999}, 500, Into::sink, from);
    pair.expect_transfer({2, 999}, 500, Into::kept, from);
}

INSTANTIATE_TEST_SUITE_P(, Arrangements,
                         testing::Combine(testing::Values(Arrangement::segments, Arrangement::slab),
                                          testing::Values(Arrangement::segments, Arrangement::slab),
                                          testing::Values(0u, 3u), testing::Values(From::blocks, From::contiguous)),
                         [](const auto& test) {
                             return std::string(to_string(std::get<0>(test.param))) + "To" +
                                    std::string(to_string(std::get<1>(test.param))) + "Deepstack" +
                                    std::to_string(std::get<2>(test.param)) +
                                    (std::get<3>(test.param) == From::blocks ? "Blocks" : "Contiguous");
                         });

TEST(Shapes, EveryElementTypeTravels) {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32, DType::fp8}) {
        Layout::Shape shape;
        shape.hidden = 33;
        shape.dtype = dtype;
        Pair pair(shaped(shape, shape));
        pair.expect_transfer({1, 777}, 512);
    }
}

TEST(Sources, ABlockTableNeedNotBeNeighboursNorInOrder) {
    Pair pair;
    SourcePool& pool = pair.embedding().pool();
    const BlockTable all = pool.allocate(128 * 128);
    BlockTable holes;
    for (std::size_t i = 0; i < all.size(); i += 2) holes.push_back(all[i]);
    pool.free(holes);
    const Content content{1, 2000};
    BlockTable table = pool.allocate(content.tokens);
    std::reverse(table.begin(), table.end());
    for (std::size_t s = 0; s < 3; ++s) {
        const Segment& segment = pool.layout().segments()[s];
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t t = 0; t < content.tokens; ++t) {
                content.fill(s, plane, t, {pool.row(s, table[t / 128], plane, t % 128), segment.token_bytes});
            }
        }
    }
    const Incoming incoming = pair.receive(1, 1024);
    const Send send = pair.embedding().send(1, table, content.tokens, content.aux());
    incoming.expect_success(content);
    EXPECT_EQ(send.wait_for(scaled(20'000)), Status::Success);
    pool.free(table);
    for (std::size_t i = 1; i < all.size(); i += 2) pool.free({all[i]});
}

}  // namespace
}  // namespace remit::worker::test
