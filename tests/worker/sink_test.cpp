// Sinks that fail, and what is said of it: the room fails with the sink's own words and every other room goes on.

#include "pair.hpp"

namespace remit::worker::test {
namespace {

class Sinks : public testing::Test {
protected:
    [[nodiscard]] Reception receive_into(Sink sink, RoomId room = 1) {
        ReceiveOptions options;
        options.expected_tokens = 512;
        options.into = std::move(sink);
        return pair_.language().receive(room, pair_.endpoint(), std::move(options));
    }
    /// Another room is under way meanwhile.
    void expect_refused(Sink sink, const std::string& reason) {
        const Incoming honest = pair_.receive(2, 512);
        const Reception room = receive_into(std::move(sink));
        const Outgoing outgoing = pair_.send({1, 1500});
        const Outgoing other = pair_.send({2, 1500});
        EXPECT_EQ(room.wait_for(scaled(20'000)), Status::Failed);
        EXPECT_NE(room.reason().find(reason), std::string::npos) << room.reason();
        EXPECT_TRUE(is_final(outgoing.send().wait_for(scaled(20'000))));
        EXPECT_EQ(outgoing.source_fault(), "");
        honest.expect_success({2, 1500});
        other.expect_success();
        expect_whole(pair_.language());
        pair_.expect_transfer({1, 1500, 2}, 512);
    }
    Pair pair_;
};

TEST_F(Sinks, AnExceptionFailsTheRoomWithItsMessage) {
    expect_refused([](std::uint64_t) -> SinkTensors { throw std::runtime_error("no room on this GPU"); },
                   "no room on this GPU");
}

TEST_F(Sinks, SomethingThrownThatIsNoExceptionFailsTheRoom) {
    expect_refused([](std::uint64_t) -> SinkTensors { throw 42; }, "no std::exception");
}

TEST_F(Sinks, AWrongNumberOfTensorsIsNamed) {
    expect_refused([](std::uint64_t) { return SinkTensors{{nullptr}}; }, "1 tensors; the layout has 4");
    expect_refused([](std::uint64_t) { return SinkTensors{}; }, "0 tensors; the layout has 4");
}

TEST_F(Sinks, AMissingTensorIsNamed) {
    const Tensors tensors(small_layout(), 1500);
    std::vector<void*> data = tensors.addresses();
    data[2] = nullptr;
    expect_refused([data](std::uint64_t) { return SinkTensors{data}; }, "mrope_positions");
}

TEST_F(Sinks, AreAskedOnceWithTheLength) {
    int asked = 0;
    const Tensors tensors(small_layout(), 6000);
    const Reception room = receive_into([&](std::uint64_t total) {
        EXPECT_EQ(total, 6000U);
        ++asked;
        return SinkTensors{tensors.addresses()};
    });
    const Outgoing outgoing = pair_.send({1, 6000});
    ASSERT_EQ(room.wait_for(scaled(20'000)), Status::Success) << room.reason();
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(tensors.fault({1, 6000}), "");
    outgoing.expect_success();
}

TEST_F(Sinks, MayTakePartOfALargerTensorWithoutTouchingTheRest) {
    // Two requests side by side in one batch of tensors, as an engine with a static batch has them.
    const std::uint64_t tokens = 700;
    const Layout layout = small_layout();
    std::vector<std::vector<std::byte>> batch;
    for (const Segment& segment : layout.segments())
        batch.emplace_back(2 * segment.token_bytes * segment.planes * tokens);
    const auto half = [&](std::size_t which) {
        SinkTensors tensors;
        for (auto& one : batch) tensors.data.push_back(one.data() + which * one.size() / 2);
        return tensors;
    };
    const Reception first = receive_into([&](std::uint64_t) { return half(0); }, 1);
    const Reception second = receive_into([&](std::uint64_t) { return half(1); }, 2);
    const Outgoing one = pair_.send({1, tokens});
    const Outgoing two = pair_.send({2, tokens});
    ASSERT_EQ(first.wait_for(scaled(20'000)), Status::Success);
    ASSERT_EQ(second.wait_for(scaled(20'000)), Status::Success);
    for (std::size_t which = 0; which < 2; ++which) {
        const Content content{which + 1, tokens};
        EXPECT_EQ(first_wrong_row(layout, content,
                                  [&](std::size_t s, std::uint32_t plane, std::uint64_t token) {
                                      const std::uint64_t bytes = layout.segments()[s].token_bytes;
                                      return static_cast<std::byte*>(half(which).data[s]) +
                                             (plane * tokens + token) * bytes;
                                  }),
                  "");
    }
}

}  // namespace
}  // namespace remit::worker::test
