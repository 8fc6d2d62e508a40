// Copies by the copy engines, on the fake runtime: which go that way, what rides the kernel behind them, how they end.

#include "executor_scene.hpp"

#include <algorithm>

namespace remit::gpu::test {
namespace {

using memory::Copy;
using memory::Ticket;

constexpr std::uint64_t kLarge = 2 * kEngineBytes;

class ByEngines : public ExecutorScene {
protected:
    ByEngines() : ExecutorScene(1 << 20) {}
    void open(bool crosses_pcie = true) {
        memory::ExecutorOptions options;
        options.slots = 2;
        options.crosses_pcie = crosses_pcie;
        ExecutorScene::open(executor_settings(fake_context(), options));
    }
    [[nodiscard]] std::ptrdiff_t batches() const {
        return std::count(machine_.log.begin(), machine_.log.end(), "cudaMemcpyBatchAsync");
    }
};

#if CUDART_VERSION >= 12080

TEST_F(ByEngines, LargePiecesGoThatWayAndTheWordComesBehindThem) {
    open();
    EXPECT_EQ(executor_->means(), "engines");
    const Ticket ticket = submit({piece(5, 11, kLarge), piece(0, 0, 0), piece(300'000, 200'000, kLarge + 1)});
    EXPECT_EQ(batches(), 1);
    ASSERT_EQ(machine_.launches.size(), 1u);
    EXPECT_EQ(machine_.launches[0].header.pieces, 0u);
    EXPECT_EQ(machine_.launches[0].blocks, 1u);
    EXPECT_TRUE(executor_->done(ticket));
    EXPECT_TRUE(arrived(5, 11, kLarge) && arrived(300'000, 200'000, kLarge + 1));
    EXPECT_EQ(destination_[10], 0xee);
    EXPECT_EQ(destination_[11 + kLarge], 0xee);
}

TEST_F(ByEngines, ZerosRideTheKernel) {
    open();
    const Ticket ticket = submit({piece(0, 0, kLarge), {0, kLarge, 777}, piece(kLarge, kLarge + 777, kLarge)});
    ASSERT_TRUE(executor_->done(ticket));
    EXPECT_EQ(batches(), 1);
    EXPECT_EQ(machine_.launches[0].header.pieces, 1u);
    EXPECT_TRUE(arrived(0, 0, kLarge) && arrived(kLarge, kLarge + 777, kLarge));
    EXPECT_TRUE(std::all_of(&destination_[kLarge], &destination_[kLarge + 777], [](std::uint8_t byte) { return byte == 0; }));
}

TEST_F(ByEngines, SmallPiecesAndZerosAloneAreTheKernels) {
    open();
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, kEngineBytes - 1), piece(50'000, 50'000, kEngineBytes)})));
    EXPECT_TRUE(executor_->done(submit({{0, 0, 4 * kLarge}})));
    EXPECT_EQ(batches(), 0);
    EXPECT_EQ(machine_.launches.size(), 2u);
    EXPECT_EQ(destination_[0], 0);
}

TEST_F(ByEngines, NotWhereCopiesStayOnTheDevice) {
    open(false);
    EXPECT_EQ(executor_->means(), "kernel");
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, kLarge)})));
    EXPECT_EQ(batches(), 0);
    EXPECT_TRUE(arrived(0, 0, kLarge));
}

TEST_F(ByEngines, NotWithADriverThatLacksThem) {
    machine_.driver = 12070;
    open();
    EXPECT_EQ(executor_->means(), "kernel");
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, kLarge)})));
    EXPECT_EQ(batches(), 0);
    EXPECT_TRUE(arrived(0, 0, kLarge));
}

TEST_F(ByEngines, ABatchIsNotDoneBeforeItsCopies) {
    open();
    submit({piece(0, 0, kLarge)});
    const cudaStream_t stream = machine_.launches.back().stream;
    hold_stream(stream, true);
    std::vector<Ticket> tickets;
    for (std::uint64_t i = 1; i < 5; ++i) tickets.push_back(submit({piece(i * kLarge, i * kLarge, kLarge)}));
    for (const Ticket ticket : tickets) EXPECT_FALSE(executor_->done(ticket));
    EXPECT_FALSE(executor_->launched(tickets[3])) << "two slots";
    hold_stream(stream, false);
    for (const Ticket ticket : tickets) EXPECT_TRUE(executor_->done(ticket));
    EXPECT_TRUE(arrived(kLarge, kLarge, 4 * kLarge));
}

TEST_F(ByEngines, OneThatIsRefusedFailsWithTheErrorsName) {
    open();
    machine_.fail_call["cudaMemcpyBatchAsync"] = cudaErrorInvalidValue;
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, kLarge)})));
    EXPECT_NE(executor_->failure().find("starting the copy engines: cudaErrorOfTheFake"), std::string::npos)
        << executor_->failure();
    EXPECT_TRUE(machine_.launches.empty());
}

TEST_F(ByEngines, NoCallOfCudaBesideTheTwo) {
    open();
    submit({piece(0, 0, kLarge)});
    machine_.log.clear();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(executor_->done(submit({piece(0, 0, kLarge), piece(kLarge, kLarge, kLarge)})));
    EXPECT_EQ(machine_.log.size(), 40u);
}

#else

TEST_F(ByEngines, NotWithAToolkitThatLacksThem) {
    open();
    EXPECT_EQ(executor_->means(), "kernel");
    EXPECT_TRUE(executor_->done(submit({piece(0, 0, kLarge)})));
    EXPECT_TRUE(arrived(0, 0, kLarge));
}

#endif

}  // namespace
}  // namespace remit::gpu::test
