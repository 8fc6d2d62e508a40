// REGISTER as an attacker would write it: refused or dropped, whatever it claims of memory, queue pairs and numbers.

#include "raw_peer.hpp"

#include "protocol/codec/fields.hpp"

namespace remit::worker::test {
namespace {

class HostileRegister : public testing::Test {
protected:
    HostileRegister() : fake_(pair_.endpoint(), pair_.network()) {}

    /// Refused with a reason that has `part`.
    void expect_refused(protocol::Register message, const std::string& part = "") {
        message.id.session = ++session_;
        fake_.raw.send(message);
        const auto answer = fake_.raw.as_language<protocol::Registered>(
            [&](const protocol::Registered& m) { return m.session == session_; });
        ASSERT_TRUE(answer) << "no answer";
        const auto* refused = std::get_if<protocol::Registered::Refused>(&answer->answer);
        ASSERT_NE(refused, nullptr) << "not refused";
        EXPECT_NE(refused->error.find(part), std::string::npos) << part << " in: " << refused->error;
    }
    /// REGISTER with that JSON; dropped, and the worker goes on to answer a PING.
    void expect_dropped(const std::string& json, const std::string& bases = std::string(32, '\0')) {
        const std::string port = std::to_string(fake_.raw.address().port);
        fake_.raw.send(control::Frames{"None", "127.0.0.1", port, "9.1.0.0", bases, "remit/1", json});
        fake_.raw.send(protocol::Ping{.id = {10'000 + ++session_, 1, 0, 1}});
        const auto answer = fake_.raw.as_language<protocol::Registered>();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->session, 10'000 + session_) << "the malformed REGISTER was answered";
    }
    void TearDown() override {
        pair_.expect_transfer({1, 2000}, 1024);
        fake_.expect_registered();
        EXPECT_TRUE(fake_.pool_is_untouched());
    }
    Pair pair_;
    FakeLanguage fake_;
    std::uint64_t session_ = 0;
};

TEST_F(HostileRegister, BlocksThatOverlapAreRefused) {
    auto message = fake_.registration();
    message.pool.segments[0].block_stride /= 2;
    expect_refused(message, "embeddings");
    message = fake_.registration();
    message.pool.segments[1].base = message.pool.segments[0].base;
    expect_refused(message, "pool");
    message = fake_.registration();
    message.pool.segments[2].plane_stride = 4;
    expect_refused(message, "mrope_positions");
    message = fake_.registration();
    message.pool.segments[0].block_stride = 0;
    expect_refused(message, "embeddings");
}

TEST_F(HostileRegister, PoolsLargerThanTheirMemoryAreRefused) {
    auto message = fake_.registration();
    message.pool.blocks += 1;
    expect_refused(message, "pool");
    for (const std::uint32_t blocks : {1'000'000u, 0xffffffffu, 0u}) {
        message.pool.blocks = blocks;
        expect_refused(message, "pool");
    }
    message = fake_.registration();
    message.pool.registrations[0].length = 1;
    expect_refused(message, "pool");
    message.pool.registrations[0].length = ~0ULL;
    expect_refused(message, "pool");
}

TEST_F(HostileRegister, AddressesThatWrapAreRefused) {
    for (std::size_t s = 0; s < 4; ++s) {
        auto message = fake_.registration();
        message.pool.segments[s].base = ~0ULL - 15;
        expect_refused(message, "pool");
        message = fake_.registration();
        message.pool.segments[s].block_stride = 1ULL << 63;
        expect_refused(message, "pool");
    }
    auto message = fake_.registration();
    message.pool.registrations[0].address = ~0ULL - 4095;
    expect_refused(message, "pool");
}

/// RDMA writes bytes wherever they may go: a pool on odd addresses is served, and nothing beside it is touched.
TEST_F(HostileRegister, MisalignedAddressesAreServedByteForByte) {
    FakeLanguage odd(pair_.endpoint(), pair_.network(), small_layout(), 16, 1);
    odd.session = 77;
    odd.expect_registered();
    const Outgoing outgoing = pair_.send({7, 100});
    odd.raw.send(odd.init(7, 1, {3}, 128));
    outgoing.expect_success();
    EXPECT_EQ(odd.first_wrong_row({7, 100}, {3}), "");
    EXPECT_TRUE(odd.others_are_untouched({3}));
}

TEST_F(HostileRegister, AMillionBlocksThatAreNotThereAreRefusedAndThoseThatAreAreTaken) {
    // Claimed without the memory.
    auto message = fake_.registration();
    message.pool.blocks = 1'000'000;
    expect_refused(message, "pool");
    // Claimed with it: nothing is stored for a block until a round names it.
    const Layout layout = small_layout();
    message.pool = place_pool(layout, 1'000'000, 1 << 20);
    message.pool.registrations = {{1 << 20, pool_bytes(layout, 1'000'000), 9}};
    for (SegmentMap& segment : message.pool.segments) segment.registration = 0;
    message.id.session = ++session_;
    fake_.raw.send(message);
    const auto answer = fake_.raw.as_language<protocol::Registered>(
        [&](const protocol::Registered& m) { return m.session == session_; });
    ASSERT_TRUE(answer);
    EXPECT_TRUE(std::holds_alternative<protocol::Registered::Accepted>(answer->answer));
    // They are nobody's memory: what is written there is the device's to refuse, and costs that session alone.
    const Outgoing outgoing = pair_.send({8, 100});
    fake_.incarnation = answer->incarnation;
    auto init = fake_.init(8, 1, {999'999}, 128);
    init.id.session = session_;
    fake_.raw.send(init);
    outgoing.expect_failed("");
    const auto lost = fake_.raw.as_language<protocol::Registered>(
        [&](const protocol::Registered& m) { return m.session == session_; });
    ASSERT_TRUE(lost);
    EXPECT_TRUE(std::holds_alternative<protocol::Registered::Lost>(lost->answer));
}

/// Each write would be a byte: more of them than there is memory to plan.
TEST_F(HostileRegister, AMaxMessageThatCutsRoundsToCrumbsIsRefused) {
    auto message = fake_.registration();
    for (const std::uint64_t bytes : {1u, 64u, 4095u}) {
        message.limits.max_message = bytes;
        expect_refused(message, "max_message");
    }
    message.limits.max_message = 0;
    message.id.session = 9;
    expect_dropped(protocol::codec::register_json(message), protocol::codec::pack_bases(message.pool));
}

TEST_F(HostileRegister, MissingAndUnknownRegistrationsAreRefused) {
    auto message = fake_.registration();
    message.pool.segments[0].registration = 1;
    expect_refused(message, "pool");
    message.pool.segments[0].registration = 0xffffffff;
    expect_refused(message, "pool");
    message = fake_.registration();
    message.pool.registrations.clear();
    expect_refused(message, "pool");
    message = fake_.registration();
    message.pool.segments.pop_back();
    expect_refused(message, "pool");
}

TEST_F(HostileRegister, LayoutsThatCannotBeAreRefused) {
    auto message = fake_.registration();
    message.layout.block_size = 0;
    expect_refused(message, "block size");
    message.layout.block_size = 0xffffffff;
    expect_refused(message, "block size");
    message = fake_.registration();
    message.layout.hidden = 0;
    expect_refused(message, "hidden differs");
}

TEST_F(HostileRegister, WithoutTheFenceAPeerIsRefused) {
    auto message = fake_.registration();
    message.capabilities = {};
    expect_refused(message, "fence");
}

TEST_F(HostileRegister, WithoutOurVersionAPeerIsToldSo) {
    const std::string port = std::to_string(fake_.raw.address().port);
    const auto refusal = [&] {
        const auto answer = fake_.raw.as_language<protocol::Registered>();
        const auto* refused = answer ? std::get_if<protocol::Registered::Refused>(&answer->answer) : nullptr;
        return refused == nullptr ? std::string("no refusal") : refused->error;
    };
    fake_.raw.send(protocol::ForeignRegister{{}, {9, 1, 0, 0}, "remit/2"});
    EXPECT_NE(refusal().find("\"remit/2\""), std::string::npos);
    // A peer of another kind, whose session ids are not ours either.
    fake_.raw.send(control::Frames{"None", "127.0.0.1", port, "127.0.0.1:30000", std::string(32, '\0')});
    EXPECT_NE(refusal().find("no version"), std::string::npos);
}

TEST_F(HostileRegister, QueuePairsThatNobodyHasAreRefusedOrHarmless) {
    auto message = fake_.registration();
    message.queue_pairs[0].number = 0xffffff;
    message.id.session = ++session_;
    fake_.raw.send(message);
    EXPECT_TRUE(fake_.raw.as_language<protocol::Registered>(
        [&](const protocol::Registered& m) { return m.session == session_; }));
}

TEST_F(HostileRegister, TenThousandQueuePairsAreDropped) {
    auto message = fake_.registration();
    message.queue_pairs.assign(10'000, message.queue_pairs[0]);
    message.id.session = 9;
    message.id.generation = 1;
    expect_dropped(protocol::codec::register_json(message), protocol::codec::pack_bases(message.pool));
}

TEST_F(HostileRegister, AMillionRegistrationsAreDropped) {
    auto message = fake_.registration();
    message.pool.registrations.assign(1'000'000, message.pool.registrations[0]);
    message.id.session = 9;
    expect_dropped(protocol::codec::register_json(message), protocol::codec::pack_bases(message.pool));
}

TEST_F(HostileRegister, JsonThatIsNoneIsDropped) {
    for (const std::string json : {"", "{", "[]", "null", "NaN", "{\"session\":NaN}", "{\"session\":1e400}",
                                   "{\"session\":-1}", "{\"session\":\"9\"}", "{\"session\":9,\"generation\":1}",
                                   "\xff\xff", "{\"session\":9,\"session\":8,\"generation\":1}"}) {
        expect_dropped(json);
    }
    expect_dropped(std::string(1'000'000, '['));
    expect_dropped(std::string(100'000, '[') + std::string(100'000, ']'));
    std::string nested;
    for (int i = 0; i < 100'000; ++i) nested += "{\"a\":";
    expect_dropped(nested);
    expect_dropped("\"" + std::string(4'000'000, 'x') + "\"");
}

TEST_F(HostileRegister, EveryFieldReplacedByAnotherTypeIsDropped) {
    auto message = fake_.registration();
    message.id.session = 9;
    const std::string good = protocol::codec::register_json(message);
    const std::string bases = protocol::codec::pack_bases(message.pool);
    // Each number in turn becomes what it may not be.
    for (std::size_t at = 0; at + 1 < good.size(); ++at) {
        if (good[at] != ':' || good[at + 1] < '0' || good[at + 1] > '9') continue;
        const std::size_t end = good.find_first_not_of("0123456789", at + 1);
        for (const char* value :
             {"-1", "1.5", "null", "true", "\"1\"", "[]", "{}", "1e999", "NaN", "99999999999999999999999"}) {
            expect_dropped(good.substr(0, at + 1) + value + good.substr(end), bases);
            if (HasFatalFailure() || HasNonfatalFailure()) return;
        }
    }
}

TEST_F(HostileRegister, OldGenerationsAreAnsweredLostAndLiveOnesWithTheSameAnswer) {
    fake_.raw.send(fake_.registration());
    const auto first = fake_.raw.as_language<protocol::Registered>();
    ASSERT_TRUE(first);
    fake_.raw.send(fake_.registration());
    const auto second = fake_.raw.as_language<protocol::Registered>();
    ASSERT_TRUE(second);
    const auto& a = std::get<protocol::Registered::Accepted>(first->answer);
    const auto& b = std::get<protocol::Registered::Accepted>(second->answer);
    EXPECT_EQ(a.queue_pairs, b.queue_pairs);
    auto old = fake_.registration();
    old.id.generation = 0;
    fake_.raw.send(old);
    const auto lost = fake_.raw.as_language<protocol::Registered>();
    ASSERT_TRUE(lost);
    EXPECT_TRUE(std::holds_alternative<protocol::Registered::Lost>(lost->answer));
}

TEST_F(HostileRegister, PeersPastTheLimitAreRefusedWithTheOptionToRaise) {
    PairOptions options;
    options.embedding.limits.peers = 2;
    Pair pair(options);
    FakeLanguage one(pair.endpoint(), pair.network());
    FakeLanguage two(pair.endpoint(), pair.network());
    one.session = 1;
    two.session = 2;
    one.expect_registered();
    two.expect_registered();
    const Incoming third = pair.receive(1, 1024);
    third.expect_failed("limits.peers");
    one.raw.send(protocol::Close{.id = one.id(0), .reason = "makes room"});
    ASSERT_TRUE(one.raw.as_language<protocol::Registered>(
        [](const protocol::Registered& m) { return std::holds_alternative<protocol::Registered::Lost>(m.answer); }));
    pair.expect_transfer({2, 500}, 1024);
}

}  // namespace
}  // namespace remit::worker::test
