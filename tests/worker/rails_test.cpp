// Workers with several rails: every round is striped over all that both sides have.

#include "pair.hpp"

namespace remit::worker::test {
namespace {

PairOptions rails(std::uint32_t embedding, std::uint32_t language) {
    PairOptions options;
    options.embedding.fabric.loopback_rails = embedding;
    options.language.fabric.loopback_rails = language;
    options.embedding.chunk_bytes = 64 << 10;
    return options;
}

TEST(Rails, BothSidesUseTheSmallerNumberOfRailsAndQueuePairs) {
    for (const auto& [e, l] : {std::pair(2u, 2u), std::pair(3u, 2u), std::pair(1u, 2u), std::pair(2u, 1u)}) {
        for (const auto& [eq, lq] : {std::pair(1u, 1u), std::pair(2u, 3u), std::pair(3u, 2u)}) {
            PairOptions options = rails(e, l);
            options.embedding.fabric.queue_pairs = eq;
            options.language.fabric.queue_pairs = lq;
            options.language_blocks = 16;
            Pair pair(options);
            pair.expect_transfer({1, 5000}, 1024);
            pair.expect_transfer({2, 1}, 128, Into::kept);
        }
    }
}

TEST(Rails, EverySourceAndWayToGather) {
    for (const Gather gather : {Gather::automatic, Gather::always, Gather::never}) {
        for (const From from : {From::blocks, From::contiguous}) {
            PairOptions options = rails(2, 2);
            options.embedding.gather = gather;
            options.embedding.in_place_bytes = 1024;
            Pair pair(options);
            pair.expect_transfer({1, 3000}, 500, Into::sink, from);
        }
    }
}

TEST(Rails, MustBeNamedOnceEachAndNoMoreThanEight) {
    const auto refused = [](const char* device) {
        EmbeddingWorkerOptions options;
        options.fabric.device = device;
        expect_error([&] { EmbeddingWorker worker(options, small_layout(), 1); }, ErrorKind::bad_argument,
                     {"fabric.device", device, "up to 8"});
    };
    for (const char* device : {"a,a", "a,", ",a", "a,b,c,d,e,f,g,h,i"}) refused(device);
    EmbeddingWorkerOptions options;
    options.fabric.kind = FabricKind::loopback;
    options.fabric.loopback_rails = 9;
    expect_error([&] { EmbeddingWorker worker(options, small_layout(), 1); }, ErrorKind::bad_argument,
                 {"loopback_rails is 9", "1 to 8"});
}

}  // namespace
}  // namespace remit::worker::test
