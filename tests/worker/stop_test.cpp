// stop(): what is under way may end, what is left fails and the peers are told, and nothing stays behind.

#include "pair.hpp"

#include <filesystem>
#include <future>
#include <thread>

namespace remit::worker::test {
namespace {

std::size_t entries_of(const char* folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}

TEST(Stop, LetsWhatIsUnderWayEnd) {
    Pair pair;
    const Content content{1, 60'000};
    const Incoming incoming = pair.receive(1, 1024);
    const Outgoing outgoing = pair.send(content, From::contiguous);
    auto receiver = std::async(std::launch::async, [&] { return pair.language().stop(scaled(60'000)); });
    EXPECT_EQ(pair.embedding().stop(scaled(60'000)), 0u);
    EXPECT_EQ(receiver.get(), 0u);
    incoming.expect_success(content);
    outgoing.expect_success();
}

TEST(Stop, FailsWhatIsLeftAndTellsThePeer) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    ASSERT_TRUE(comes_true([&] { return incoming.reception().answer() == SenderAnswer::not_ready; }));
    EXPECT_EQ(pair.embedding().stop(), 0u) << "it has no send under way";
    incoming.expect_failed("embedding worker is stopping");
    EXPECT_EQ(incoming.reception().answer(), SenderAnswer::never);
}

TEST(Stop, CountsWhatItFails) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);
    EXPECT_EQ(pair.language().stop(scaled(50)), 1u);
    incoming.expect_failed("language worker stopped");
    const Outgoing outgoing = pair.send({2, 100}, From::contiguous);
    EXPECT_EQ(pair.embedding().stop(scaled(50)), 1u);
    outgoing.expect_failed("embedding worker stopped");
}

TEST(Stop, ASecondOneStopsAtOnce) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024);  // nothing will ever come
    auto patient = std::async(std::launch::async, [&] { return pair.language().stop(std::chrono::hours(1)); });
    // Until the first has begun, receive() is not refused.
    ASSERT_TRUE(comes_true([&] {
        return thrown_by([&] { static_cast<void>(pair.language().receive(2, pair.endpoint())); }).kind.has_value();
    }));
    EXPECT_FALSE(is_final(incoming.reception().poll()));
    pair.language().stop();
    EXPECT_GE(patient.get(), 1u);
    incoming.expect_failed("language worker stop");
}

TEST(Stop, NothingIsBegunAfterIt) {
    Pair pair;
    pair.language().stop();
    pair.embedding().stop();
    expect_error([&] { static_cast<void>(pair.language().receive(1, pair.endpoint())); }, ErrorKind::misuse,
                 {"after stop()"});
    const Tensors tensors(small_layout(), 10);
    const auto addresses = tensors.addresses();
    expect_error(
        [&] {
            static_cast<void>(pair.embedding().send(1, ContiguousSource{{addresses.begin(), addresses.end()}}, 10));
        },
        ErrorKind::misuse, {"after stop()"});
    pair.language().stop();
    pair.embedding().stop();
}

TEST(Stop, FromTheWorkersOwnThreadIsMisuse) {
    Pair pair;
    Thrown thrown;
    ReceiveOptions options;
    options.into = [&](std::uint64_t) -> SinkTensors {
        thrown = thrown_by([&] { pair.language().stop(); });
        throw std::runtime_error("no memory");
    };
    const Reception reception = pair.language().receive(1, pair.endpoint(), options);
    const Outgoing outgoing = pair.send({1, 100}, From::contiguous);
    EXPECT_EQ(reception.wait_for(scaled(20'000)), Status::Failed);
    EXPECT_EQ(thrown.kind, ErrorKind::misuse) << thrown.message;
}

TEST(Stop, KeptBlocksStayReadable) {
    Pair pair;
    const Content content{1, 300};
    const Incoming incoming = pair.receive(1, 1024, Into::kept);
    {
        const Outgoing outgoing = pair.send(content);
        incoming.expect_success(content);
    }
    EXPECT_EQ(pair.language().stop(), 0u);
    incoming.expect_content(content);
    pair.stop_language();  // nobody takes them back any more
}

TEST(Stop, LeavesNoThreadAndNoDescriptor) {
    const auto life = [] {
        PairOptions options;
        options.language.fabric.queue_pairs = options.embedding.fabric.queue_pairs = 2;
        Pair pair(options);
        pair.expect_transfer({1, 3000}, 1024);
        const Incoming incoming = pair.receive(2, 1024);
        pair.language().stop();
        incoming.expect_failed("stopped");
    };
    life();  // what the libraries make once stays
    const std::size_t threads = entries_of("/proc/self/task");
    const std::size_t descriptors = entries_of("/proc/self/fd");
    for (int i = 0; i < 5; ++i) life();
    // A thread that was joined leaves /proc a moment later.
    EXPECT_TRUE(comes_true([&] { return entries_of("/proc/self/task") <= threads; }));
    EXPECT_LE(entries_of("/proc/self/fd"), descriptors);
}

}  // namespace
}  // namespace remit::worker::test
