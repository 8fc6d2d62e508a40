// Kept blocks: a dense table, blocks that go back when they are released or their handle is dropped, and nothing
// written beside them.

#include "pair.hpp"

#include <cstring>
#include <set>

namespace remit::worker::test {
namespace {

/// The pool's memory as a user may not see it: every row of a block, writable.
template <class Visit>
void each_row(const LanguageWorker& worker, BlockId block, Visit visit) {
    const Layout& layout = worker.layout();
    for (std::size_t s = 0; s < layout.segments().size(); ++s) {
        const Segment& segment = layout.segments()[s];
        for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
            for (std::uint64_t t = 0; t < segment.rows(layout.block_size()); ++t) {
                visit(std::span(const_cast<std::byte*>(worker.row(s, block, plane, t)), segment.token_bytes));
            }
        }
    }
}

class KeptBlocks : public testing::TestWithParam<Arrangement> {};

TEST_P(KeptBlocks, NothingIsWrittenOutsideTheTable) {
    PairOptions options;
    Layout::Shape shape = options.language_layout.shape();
    shape.arrangement = GetParam();
    options.language_layout = Layout::multimodal(shape);
    options.language_blocks = 24;
    Pair pair(options);
    for (BlockId b = 0; b < 24; ++b) {
        each_row(pair.language(), b, [](std::span<std::byte> row) { std::memset(row.data(), 0x5a, row.size()); });
    }
    for (const std::uint64_t tokens : {500U, 2000U, 1024U, 1U}) {
        for (BlockId b = 0; b < 24; ++b) {
            each_row(pair.language(), b, [](std::span<std::byte> row) { std::memset(row.data(), 0x5a, row.size()); });
        }
        const Incoming incoming = pair.receive(1, 1024, Into::kept);
        const Outgoing outgoing = pair.send({1, tokens});
        incoming.expect_success({1, tokens});
        outgoing.expect_success();
        const BlockTable table = incoming.reception().table();
        const std::set<BlockId> mine(table.begin(), table.end());
        EXPECT_EQ(mine.size(), table.size());
        for (BlockId b = 0; b < 24; ++b) {
            if (mine.count(b) != 0) continue;
            each_row(pair.language(), b, [&](std::span<std::byte> row) {
                for (const std::byte byte : row) ASSERT_EQ(byte, std::byte{0x5a}) << "block " << b << " of no table";
            });
        }
    }
}

INSTANTIATE_TEST_SUITE_P(, KeptBlocks, testing::Values(Arrangement::segments, Arrangement::slab),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(KeptBlocksLife, ReleaseGivesThemBackAndMayBeCalledTwice) {
    Pair pair;
    const Incoming incoming = pair.receive(1, 1024, Into::kept);
    const Outgoing outgoing = pair.send({1, 2000});
    incoming.expect_success({1, 2000});
    EXPECT_TRUE(comes_true([&] { return pair.language().free_blocks() == 128 - 16; })) << pair.language().free_blocks();
    incoming.reception().release();
    incoming.reception().release();
    expect_whole(pair.language());
}

TEST(KeptBlocksLife, TheLastHandleGivesThemBackNotTheFirst) {
    Pair pair;
    Incoming incoming = pair.receive(1, 1024, Into::kept);
    const Outgoing outgoing = pair.send({1, 700});
    incoming.expect_success({1, 700});
    std::optional<Reception> copy = incoming.reception();
    EXPECT_TRUE(comes_true([&] { return pair.language().free_blocks() == 128 - 6; })) << pair.language().free_blocks();
    incoming.drop();
    pair.expect_transfer({2, 100}, 128);  // the worker has taken every command before it
    EXPECT_TRUE(comes_true([&] { return pair.language().free_blocks() == 128 - 6; })) << pair.language().free_blocks();
    copy.reset();
    expect_whole(pair.language());
}

TEST(KeptBlocksLife, ManyTablesLiveSideBySide) {
    Pair pair;
    std::vector<std::unique_ptr<Incoming>> kept;
    for (RoomId room = 0; room < 8; ++room) {
        ReceiveOptions options;
        options.expected_tokens = 300;
        kept.push_back(
            std::make_unique<Incoming>(pair.language(), pair.endpoint(), room, Into::kept, std::move(options)));
        const Outgoing outgoing = pair.send({room, 1000 + room});
        kept.back()->expect_success({room, 1000 + room});
        outgoing.expect_success();
    }
    for (RoomId room = 0; room < 8; ++room) kept[room]->expect_content({room, 1000 + room});
    std::set<BlockId> all;
    for (const auto& one : kept) {
        for (const BlockId block : one->reception().table()) EXPECT_TRUE(all.insert(block).second) << block;
    }
}

TEST(KeptBlocksLife, AWaitingRoomGoesOnWhenAnotherReleases) {
    PairOptions options;
    options.language_blocks = 16;
    Pair pair(options);
    const Incoming holder = pair.receive(1, 1024, Into::kept);
    const Outgoing first = pair.send({1, 1024});
    holder.expect_success({1, 1024});
    const Incoming waiting = pair.receive(2, 1024, Into::kept);
    const Outgoing second = pair.send({2, 2000});
    ASSERT_TRUE(comes_true([&] { return waiting.reception().poll() == Status::Transferring; }));
    holder.reception().release();
    waiting.expect_success({2, 2000});
    second.expect_success();
}

TEST(KeptBlocksLife, OfTwoThatHoldAndWaitTheOlderFinishesAndTheOtherSaysNoMemory) {
    PairOptions options;
    options.language_blocks = 8;
    Pair pair(options);
    const Incoming older = pair.receive(1, 512, Into::kept);
    const Incoming younger = pair.receive(2, 512, Into::kept);
    const Outgoing one = pair.send({1, 1024});
    const Outgoing two = pair.send({2, 1024});
    older.expect_success({1, 1024});
    one.expect_success();
    older.reception().release();
    const Status end = younger.reception().wait_for(scaled(20'000));
    if (end == Status::Success) {
        younger.expect_success({2, 1024});  // it had not begun, and was served afterwards
    } else {
        younger.expect_failed("no memory");
    }
    EXPECT_TRUE(is_final(two.send().wait_for(scaled(20'000))));
}

}  // namespace
}  // namespace remit::worker::test
