// Calls that cannot be meant: each throws an Error of its kind that names the value and what is permitted.

#include "pair.hpp"

namespace remit::worker::test {
namespace {

using Parts = std::vector<std::string>;

class Misuse : public testing::Test {
protected:
    void expect_send_error(RoomId room, const Source& source, std::uint64_t tokens, const Aux& aux, ErrorKind kind,
                           const Parts& parts) {
        expect_error([&] { pair_.embedding().send(room, source, tokens, aux); }, kind, parts);
    }
    void expect_receive_error(RoomId room, const std::string& endpoint, const ReceiveOptions& options, ErrorKind kind,
                              const Parts& parts) {
        expect_error([&] { pair_.language().receive(room, endpoint, options); }, kind, parts);
    }
    Pair pair_;
};

TEST_F(Misuse, NoTokensOrMoreThanAnInt32AreRefused) {
    const BlockTable table = pair_.embedding().pool().allocate(1);
    expect_send_error(1, table, 0, {}, ErrorKind::bad_argument, {"total_tokens is 0", "1 to 2147483647"});
    expect_send_error(1, table, 1ULL << 31, {}, ErrorKind::bad_argument, {"2147483648", "1 to 2147483647"});
    expect_send_error(1, table, ~0ULL, {}, ErrorKind::bad_argument, {"18446744073709551615", "1 to 2147483647"});
    pair_.embedding().pool().free(table);
    pair_.expect_transfer({1, 1}, 128);
}

TEST_F(Misuse, APriorityOutsideItsRangeIsRefused) {
    const BlockTable table = pair_.embedding().pool().allocate(1);
    for (const int wrong : {-9, 9}) {
        expect_error([&] { pair_.embedding().send(1, table, 1, {}, {.priority = wrong}); }, ErrorKind::bad_argument,
                     {"priority is " + std::to_string(wrong), "-8 to 8"});
    }
    pair_.embedding().pool().free(table);
}

TEST_F(Misuse, AnAuxThatDisagreesWithTheTotalIsRefused) {
    const BlockTable table = pair_.embedding().pool().allocate(100);
    Aux aux{};
    for (const std::int32_t wrong : {99, 101, -1, -100}) {
        aux[0] = wrong;
        expect_send_error(1, table, 100, aux, ErrorKind::misuse, {"aux[0] is " + std::to_string(wrong), "100"});
    }
    pair_.embedding().pool().free(table);
}

TEST_F(Misuse, AnAuxThatLeavesTheTotalOpenGetsIt) {
    const Incoming incoming = pair_.receive(1, 128);
    const BlockTable table = pair_.embedding().pool().allocate(100);
    Aux aux{};
    aux[1] = -17;
    const Send send = pair_.embedding().send(1, table, 100, aux);
    EXPECT_EQ(incoming.reception().wait_for(scaled(20'000)), Status::Success);
    EXPECT_EQ(incoming.reception().aux()[0], 100);
    EXPECT_EQ(incoming.reception().aux()[1], -17);
    EXPECT_EQ(send.wait_for(scaled(20'000)), Status::Success);
    pair_.embedding().pool().free(table);
}

TEST_F(Misuse, ASecondSendOfAnUnfinishedRoomIsRefusedAndHarmless) {
    const Outgoing first = pair_.send({6, 300});
    const BlockTable table = pair_.embedding().pool().allocate(300);
    expect_send_error(6, table, 300, {}, ErrorKind::misuse, {"send()", "room 6", "unfinished"});
    pair_.embedding().pool().free(table);
    const Incoming incoming = pair_.receive(6, 128);
    incoming.expect_success({6, 300});
    first.expect_success();
}

TEST_F(Misuse, ASecondReceiveOfAnUnfinishedRoomIsRefusedAndHarmless) {
    const Incoming first = pair_.receive(6, 128);
    expect_receive_error(6, pair_.endpoint(), {}, ErrorKind::misuse, {"receive()", "room 6", "unfinished"});
    const Outgoing outgoing = pair_.send({6, 300});
    first.expect_success({6, 300});
    outgoing.expect_success();
}

TEST_F(Misuse, RoomsPast63BitsAreRefusedAndTheLastOneWorks) {
    const BlockTable table = pair_.embedding().pool().allocate(1);
    const Parts parts{"9223372036854775808", "9223372036854775807"};
    expect_send_error(kMaxRoomId + 1, table, 1, {}, ErrorKind::bad_argument, parts);
    expect_receive_error(kMaxRoomId + 1, pair_.endpoint(), {}, ErrorKind::bad_argument, parts);
    pair_.embedding().pool().free(table);
    pair_.expect_transfer({kMaxRoomId, 200}, 128);
    pair_.expect_transfer({0, 200}, 128);
}

TEST_F(Misuse, BadEndpointsAreRefused) {
    for (const std::string endpoint : {"", "tcp://", "127.0.0.1:7", "udp://127.0.0.1:7", "tcp://127.0.0.1",
                                       "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:x",
                                       "tcp://host.example:70", "tcp://::1:70", "tcp://127.0.0.1:0"}) {
        expect_receive_error(1, endpoint, {}, ErrorKind::bad_argument, {endpoint});
    }
}

TEST_F(Misuse, AWildcardIsNoEndpointToReceiveFrom) {
    for (const std::string endpoint : {"tcp://0.0.0.0:7000", "tcp://[::]:7000", "tcp://*:7000"}) {
        expect_receive_error(1, endpoint, {}, ErrorKind::bad_argument, {endpoint});
    }
}

TEST_F(Misuse, AnAddressThatMayNotBeReachedFailsTheRoomAtOnceWithTheRemedy) {
    for (RoomId room = 1; room < 4; ++room) {
        const Incoming incoming(pair_.language(), "tcp://192.0.2.1:7000", room, Into::sink);
        incoming.expect_failed("192.0.2.1:7000: unreachable: an address off loopback needs keys or control.insecure", 5'000);
    }
    expect_whole(pair_.language());
}

TEST_F(Misuse, ReceiveOptionsOutOfRangeAreRefused) {
    ReceiveOptions options;
    options.required_dst_info_num = 0;
    expect_receive_error(1, pair_.endpoint(), options, ErrorKind::bad_argument,
                         {"required_dst_info_num is 0", "65536"});
    options.required_dst_info_num = 65537;
    expect_receive_error(1, pair_.endpoint(), options, ErrorKind::bad_argument, {"65537", "65536"});
    options = {};
    options.deadline = std::chrono::milliseconds(-5);
    expect_receive_error(1, pair_.endpoint(), options, ErrorKind::bad_argument, {"deadline is -5"});
    options = {};
    options.into = Sink();
    expect_receive_error(1, pair_.endpoint(), options, ErrorKind::bad_argument, {"sink"});
}

TEST_F(Misuse, TheLargestGuessAndDeadlineOverflowNothing) {
    ReceiveOptions options;
    options.deadline = std::chrono::milliseconds::max();
    options.expected_tokens = ~0ULL;
    const Incoming incoming(pair_.language(), pair_.endpoint(), 1, Into::sink, options);
    const Outgoing outgoing = pair_.send({1, 300});
    incoming.expect_success({1, 300});
    outgoing.expect_success();
}

TEST_F(Misuse, SourceTablesThatCannotBeReadAreRefused) {
    const BlockTable table = pair_.embedding().pool().allocate(256);
    expect_send_error(1, BlockTable{table[0]}, 256, {}, ErrorKind::bad_argument, {"256 tokens need 2", "has 1"});
    expect_send_error(1, BlockTable{table[0], table[0]}, 256, {}, ErrorKind::bad_argument, {"twice"});
    expect_send_error(1, BlockTable{table[0], 128}, 256, {}, ErrorKind::bad_argument, {"128", "0 to 127"});
    expect_send_error(1, BlockTable{}, 1, {}, ErrorKind::bad_argument, {"1 tokens need 1", "has 0"});
    pair_.embedding().pool().free(table);
    expect_send_error(1, table, 256, {}, ErrorKind::bad_argument, {"not allocated"});
}

TEST_F(Misuse, ContiguousSourcesThatLackATensorAreRefused) {
    Tensors tensors(pair_.language().layout(), 10);
    const std::vector<void*> addresses = tensors.addresses();
    ContiguousSource source{{addresses.begin(), addresses.end()}};
    source.data.pop_back();
    expect_send_error(1, source, 10, {}, ErrorKind::bad_argument, {"3 tensors", "4 segments"});
    source.data = {addresses.begin(), addresses.end()};
    source.data[1] = nullptr;
    expect_send_error(1, source, 10, {}, ErrorKind::bad_argument, {"fill_ids"});
}

TEST_F(Misuse, SourcePoolsSayWhatIsFreeAndWhatIsNot) {
    SourcePool& pool = pair_.embedding().pool();
    expect_error([&] { static_cast<void>(pool.allocate(128 * 129)); }, ErrorKind::exhausted,
                 {"129 blocks", "128 of 128"});
    const BlockTable table = pool.allocate(1);
    pool.free(table);
    expect_error([&] { pool.free(table); }, ErrorKind::misuse, {std::to_string(table[0])});
    expect_error([&] { pool.free({500}); }, ErrorKind::misuse, {"500"});
    expect_error([&] { static_cast<void>(pool.row(4, 0, 0, 0)); }, ErrorKind::bad_argument, {"4"});
    expect_error([&] { static_cast<void>(pool.row(0, 128, 0, 0)); }, ErrorKind::bad_argument, {"128"});
    expect_error([&] { static_cast<void>(pool.row(2, 0, 3, 0)); }, ErrorKind::bad_argument, {"3"});
    expect_error([&] { static_cast<void>(pair_.language().row(0, 0, 0, 128)); }, ErrorKind::bad_argument, {"128"});
}

TEST(Options, OutOfRangeAreNamedWithTheirRange) {
    EmbeddingWorkerOptions embedding;
    embedding.fabric.kind = FabricKind::loopback;
    const auto refused = [](const EmbeddingWorkerOptions& options, const Parts& parts) {
        expect_error([&] { EmbeddingWorker worker(options, small_layout(), 4); }, ErrorKind::bad_argument, parts);
    };
    auto options = embedding;
    options.chunk_bytes = 4095;
    refused(options, {"chunk_bytes is 4095B", "4KiB"});
    options = embedding;
    options.send_regions = 1;
    refused(options, {"send_regions is 1", "2"});
    options = embedding;
    options.chunks_in_flight = 0;
    refused(options, {"chunks_in_flight is 0", "1 to 1024"});
    options = embedding;
    options.fabric.queue_pairs = 17;
    refused(options, {"queue_pairs is 17", "16"});
    options = embedding;
    options.timing.ping_period = std::chrono::milliseconds(0);
    refused(options, {"ping_period is 0"});
    options = embedding;
    options.timing.peer_silence = options.timing.ping_period;
    refused(options, {"peer_silence", "ping_period"});
    options = embedding;
    options.control.listen = "tcp://somewhere:1";
    refused(options, {"somewhere"});
    expect_error([&] { EmbeddingWorker worker(embedding, small_layout(), 0); }, ErrorKind::bad_argument, {"0"});
}

TEST(Options, OfALanguageWorkerAreNamedWithTheirRange) {
    LanguageWorkerOptions language;
    language.fabric.kind = FabricKind::loopback;
    const auto refused = [](const LanguageWorkerOptions& options, const Parts& parts) {
        expect_error([&] { LanguageWorker worker(options, small_layout(), 4); }, ErrorKind::bad_argument, parts);
    };
    auto options = language;
    options.limits.credits = 3;
    options.fabric.queue_pairs = 4;
    refused(options, {"credits is 3", "4"});
    options = language;
    options.limits.outbox = 0;
    refused(options, {"outbox is 0"});
    options = language;
    options.control.listen = "tcp://0.0.0.0:0";
    refused(options, {"advertise"});
    expect_error([&] { LanguageWorker worker(language, small_layout(), 0); }, ErrorKind::bad_argument, {"0"});
}

TEST(Limits, RoomsPastTheLimitAreRefusedWithTheOptionToRaise) {
    PairOptions options;
    options.embedding.limits.rooms = 2;
    options.language.limits.rooms = 2;
    Pair pair(options);
    const Incoming first = pair.receive(1, 128);
    const Incoming second = pair.receive(2, 128);
    expect_error([&] { pair.language().receive(3, pair.endpoint()); }, ErrorKind::exhausted, {"2", "limits.rooms"});
    const Outgoing one = pair.send({1, 100});
    first.expect_success({1, 100});
    one.expect_success();
    const Outgoing two = pair.send({2, 100});
    second.expect_success({2, 100});
    pair.expect_transfer({3, 100}, 128);
}

TEST(Limits, RejectionsPastTheLimitAreRefusedUntilOneEnds) {
    PairOptions options;
    options.embedding.limits.rejections = 3;
    options.embedding.timing.park_deadline = scaled(1000);
    Pair pair(options);
    for (RoomId room = 1; room <= 3; ++room) pair.embedding().reject(room, "not encoded");
    expect_error([&] { pair.embedding().reject(4, "not encoded"); }, ErrorKind::exhausted, {"3", "limits.rejections"});
    const Incoming refused = pair.receive(2, 128);
    refused.expect_failed("not encoded");
    EXPECT_TRUE(comes_true([&] {
        return !thrown_by([&] { pair.embedding().reject(4, "not encoded"); }).kind;
    }));
    expect_error([&] { pair.embedding().reject(kMaxRoomId + 1, ""); }, ErrorKind::bad_argument, {"room is"});
}

TEST(Limits, APoolWhoseOfferDoesNotFitAMessageIsRefusedWithTheSizeItTakes) {
    LanguageWorkerOptions options;
    options.fabric.kind = FabricKind::loopback;
    options.limits.message_bytes = 65536;
    expect_error([&] { LanguageWorker worker(options, small_layout(1), 20000); }, ErrorKind::bad_argument,
                 {"limits.message_bytes is 65536", "at least 124096", "20000 blocks"});
    PairOptions pair_options;
    pair_options.language_blocks = 9000;
    pair_options.language_layout = small_layout(1);
    pair_options.language.limits.message_bytes = 65536;
    pair_options.embedding.limits.message_bytes = 65536;
    Pair pair(pair_options);
    pair.expect_transfer({1, 9000}, 9000);
}

TEST(Limits, AnAbortAskedForOftenIsPostedOnce) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 128);
    const Outgoing outgoing = pair.send({2, 100});
    for (int i = 0; i < 100000; ++i) {
        incoming.reception().abort();
        outgoing.send().abort();
    }
    incoming.expect_failed("aborted");
    outgoing.expect_failed("aborted");
}

}  // namespace
}  // namespace remit::worker::test
