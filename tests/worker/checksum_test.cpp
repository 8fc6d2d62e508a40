// End-to-end checksums over loopback: what is right passes, a planted corruption ends Failed with a reason.

#include "pair.hpp"

#include "memory/host_copy.hpp"
#include "memory/host_memory.hpp"
#include "pool/block_pool.hpp"
#include "worker/clock.hpp"
#include "worker/language/core.hpp"
#include "worker/open.hpp"
#include "worker/worker_thread.hpp"

namespace remit::worker::test {
namespace {

PairOptions with_checksum() {
    PairOptions options;
    options.language.checksum = true;
    return options;
}

TEST(Checksum, WhatIsRightPassesInEveryShape) {
    for (const Arrangement arrangement : {Arrangement::segments, Arrangement::slab}) {
        for (const std::uint32_t deepstack : {0u, 2u}) {
            PairOptions options = with_checksum();
            Layout::Shape shape;
            shape.hidden = 24;
            shape.deepstack = deepstack;
            shape.block_size = 80;
            options.embedding_layout = Layout::multimodal(shape);
            shape.block_size = 112;
            shape.arrangement = arrangement;
            options.language_layout = Layout::multimodal(shape);
            options.language_blocks = 32;
            Pair pair(options);
            pair.expect_transfer({1, 1}, 1024);
            pair.expect_transfer({2, 2000}, 1024);                               // one resume
            pair.expect_transfer({3, 9000}, 300, Into::sink, From::contiguous);  // larger than the pool
            pair.expect_transfer({4, 2000}, 300, Into::kept);
            pair.expect_transfer({5, 2000}, 0, Into::kept, From::contiguous);  // size first
        }
    }
}

TEST(Checksum, ManyRoomsAtOnceAndARoomAgain) {
    Pair pair(with_checksum());
    for (int again = 0; again < 3; ++again) {
        std::vector<std::unique_ptr<Incoming>> incoming;
        std::vector<std::unique_ptr<Outgoing>> outgoing;
        for (RoomId room = 1; room <= 8; ++room) {
            ReceiveOptions options;
            options.expected_tokens = 100 * room;
            incoming.push_back(std::make_unique<Incoming>(pair.language(), pair.endpoint(), room, Into::sink, options));
            outgoing.push_back(std::make_unique<Outgoing>(pair.embedding(), Content{room, 400, room}));
        }
        for (RoomId room = 1; room <= 8; ++room) {
            incoming[room - 1]->expect_success({room, 400, room});
            outgoing[room - 1]->expect_success();
        }
    }
}

/// Copies out as a worker does, and turns one bit over in the batch that it is told to.
class SpoilingCopies final : public memory::CopyExecutor {
public:
    explicit SpoilingCopies(int batch) : left_(batch) {}
    memory::Ticket submit(std::span<const memory::Copy> copies, std::uint64_t destination_base) override {
        const memory::Ticket ticket = copies_.submit(copies, destination_base);
        if (--left_ == 0) {
            auto* byte =
                reinterpret_cast<std::uint8_t*>(destination_base + copies.back().destination + copies.back().bytes - 1);
            *byte = static_cast<std::uint8_t>(*byte ^ 0x10);
        }
        return ticket;
    }
    [[nodiscard]] bool done(memory::Ticket ticket) override { return copies_.done(ticket); }
    memory::Ticket reckon(std::span<const memory::Stretch> stretches, std::size_t sums) override {
        return copies_.reckon(stretches, sums);
    }
    [[nodiscard]] std::vector<std::uint32_t> take_sums(memory::Ticket ticket) override { return copies_.take_sums(ticket); }

private:
    memory::HostCopyExecutor copies_;
    int left_;
};

/// A language worker as the product builds it, but for the memory behind it.
class SpoiledLanguage {
public:
    SpoiledLanguage(const std::string& network, int batch, bool checksum)
        : channel_(open_control({}, {})),
          fabric_(open_fabric({.kind = FabricKind::loopback, .loopback_network = network}, "127.0.0.1", "")),
          pool_(small_layout(), 16, provider_, *fabric_, {.name = "pool", .access = fabric::Access::remote_write}),
          receiver_(*fabric_, 64, 1),
          mailbox_(*channel_, {}),
          copies_(batch),
          core_(config(checksum), pool_, receiver_, *fabric_, mailbox_, provider_, copies_, shared_->inbox,
                [](const auto&) {}),
          thread_(
              core_, {}, loop_, [] {}, [this] { shared_->inbox.close(); }) {}
    ~SpoiledLanguage() { shared_->inbox.post(StopLanguage{}); }

    /// The room's end; `tensors` is what its user has then.
    Reception receive(RoomId room, const std::string& endpoint, std::unique_ptr<Tensors>& tensors) {
        const control::Endpoint peer = control::parse_endpoint(endpoint);
        auto record = std::make_shared<RoomRecord>(shared_);
        record->handle = ++handles_;
        record->sink = [&tensors](std::uint64_t total) {
            tensors = std::make_unique<Tensors>(small_layout(), total);
            return SinkTensors{tensors->addresses()};
        };
        record->room = room;
        record->embedding = {peer.ip, peer.port, {}};
        shared_->inbox.post(BeginReceive{record, {room, record->embedding, 500, 1, true}});
        return Reception(std::make_shared<Reception::State>(record));
    }

private:
    [[nodiscard]] protocol::language::Config config(bool checksum) const {
        protocol::language::Config config;
        config.layout = small_layout().shape();
        config.pool = pool_.remote_map();
        config.session_base = random_identity() >> 1;
        config.credits = 64;
        config.max_message = fabric_->limits().max_message;
        config.checksum = checksum;
        return config;
    }

    std::shared_ptr<LanguageShared> shared_ = std::make_shared<LanguageShared>();
    std::unique_ptr<control::Channel> channel_;
    std::unique_ptr<fabric::Fabric> fabric_;
    memory::HostMemory provider_;
    pool::BlockPool pool_;
    language::Receiver receiver_;
    Mailbox mailbox_;
    SpoilingCopies copies_;
    language::Core core_;
    std::uint64_t handles_ = 0;
    LoopCounters loop_;
    WorkerThread thread_;
};

class PlantedCorruption : public testing::TestWithParam<int> {};

TEST_P(PlantedCorruption, EndsFailedWithAReason) {
    Pair pair;
    std::unique_ptr<Tensors> tensors;
    SpoiledLanguage language(pair.network(), GetParam(), true);
    const Reception reception = language.receive(1, pair.endpoint(), tensors);
    const Outgoing outgoing = pair.send({1, 2400});
    ASSERT_EQ(reception.wait_for(scaled(30'000)), Status::Failed);
    EXPECT_NE(reception.reason().find("checksum of "), std::string::npos) << reception.reason();
    EXPECT_NE(reception.reason().find("differs"), std::string::npos) << reception.reason();
    EXPECT_NE(tensors->fault({1, 2400}), "") << "nothing was spoiled";
    EXPECT_TRUE(is_final(outgoing.send().wait_for(scaled(30'000))));
}

INSTANTIATE_TEST_SUITE_P(InTheFirstTheNextAndTheLastRound, PlantedCorruption, testing::Values(1, 2));

// So that the test above can be believed: without checksums the same corruption is a Success.
TEST(Checksum, WithoutItNobodyNotices) {
    Pair pair;
    std::unique_ptr<Tensors> tensors;
    SpoiledLanguage language(pair.network(), 1, false);
    const Reception reception = language.receive(1, pair.endpoint(), tensors);
    const Outgoing outgoing = pair.send({1, 2400});
    ASSERT_EQ(reception.wait_for(scaled(30'000)), Status::Success) << reception.reason();
    EXPECT_NE(tensors->fault({1, 2400}), "");
    outgoing.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
