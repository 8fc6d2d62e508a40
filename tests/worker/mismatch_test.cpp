// Layouts that do not agree: REGISTER is refused, and both sides name the field and both values.

#include "log_capture.hpp"
#include "pair.hpp"

namespace remit::worker::test {
namespace {

struct Difference {
    const char* field;
    Layout::Shape embedding;
    Layout::Shape language;
    std::string embedding_value;
    std::string language_value;
};

std::vector<Difference> differences() {
    Layout::Shape base;
    base.hidden = 24;
    Layout::Shape hidden = base;
    hidden.hidden = 32;
    Layout::Shape dtype = base;
    dtype.dtype = DType::fp16;
    Layout::Shape deepstack = base;
    deepstack.deepstack = 2;
    Layout::Shape deeper = base;
    deeper.deepstack = 3;
    return {{"hidden", base, hidden, "24", "32"},
            {"dtype", base, dtype, "bf16", "fp16"},
            {"deepstack", base, deepstack, "0", "2"},
            {"deepstack", deepstack, deeper, "2", "3"}};
}

TEST(Mismatch, IsRefusedWithTheFieldAndBothValues) {
    for (const Difference& d : differences()) {
        for (const bool swapped : {false, true}) {
            SCOPED_TRACE(testing::Message() << d.field << (swapped ? " swapped" : ""));
            PairOptions options;
            options.embedding_layout = Layout::multimodal(swapped ? d.language : d.embedding);
            options.language_layout = Layout::multimodal(swapped ? d.embedding : d.language);
            Pair pair(options);
            const auto began = std::chrono::steady_clock::now();
            const Incoming incoming = pair.receive(1, 1024);
            incoming.expect_failed(d.field);
            incoming.expect_failed("language worker has " + (swapped ? d.embedding_value : d.language_value));
            incoming.expect_failed("embedding worker has " + (swapped ? d.language_value : d.embedding_value));
            EXPECT_LT(std::chrono::steady_clock::now() - began, scaled(10'000)) << "said at once, not at the deadline";
            expect_whole(pair.language());
        }
    }
}

TEST(Mismatch, IsSaidByTheEmbeddingWorkerToo) {
    const Difference d = differences()[0];
    PairOptions options;
    options.embedding_layout = Layout::multimodal(d.embedding);
    options.language_layout = Layout::multimodal(d.language);
    const LogCapture captured;
    {
        Pair pair(options);
        const Incoming incoming = pair.receive(1, 1024);
        incoming.expect_failed("hidden");
    }
    EXPECT_NE(captured.text().find("refused: hidden differs: language worker has 32, embedding worker has 24"),
              std::string::npos)
        << captured.text();
}

TEST(Mismatch, OfOnePeerLeavesTheOthersAlone) {
    Pair pair;
    Layout::Shape shape;
    shape.hidden = 32;
    LanguageWorker stranger(pair.options().language, Layout::multimodal(shape), 8);
    const Incoming refused(stranger, pair.endpoint(), 1, Into::sink);
    const Incoming honest = pair.receive(1, 1024);
    refused.expect_failed("hidden");
    const Outgoing outgoing = pair.send({1, 3000});
    honest.expect_success({1, 3000});
    outgoing.expect_success();
    expect_whole(stranger);
}

TEST(Mismatch, EveryFurtherReceiveIsRefusedTheSameWay) {
    PairOptions options;
    options.language_layout = Layout::multimodal({.hidden = 32});
    Pair pair(options);
    for (RoomId room = 0; room < 5; ++room) {
        const Incoming incoming = pair.receive(room, 1024);
        incoming.expect_failed("hidden");
    }
}

}  // namespace
}  // namespace remit::worker::test
