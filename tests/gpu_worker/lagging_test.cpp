// Workers on a GPU whose copies, sums and events end late and in any order that streams allow, as on a real one: what the
// worker takes for done, what it gives back, and what waits for what must not depend on it.

#include "gpu_pair.hpp"
#include "growing.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace remit::worker::test {
namespace {

using gpu::test::fake_runtime;
using gpu::test::fake_runtime_mutex;
using gpu::test::step_gpu;

/// Runs what is in the streams, a piece at a time; some pieces take as long as a control message does, or several.
class LaggingGpu {
public:
    explicit LaggingGpu(std::uint64_t seed) {
        set(true);
        thread_ = std::thread([this, seed] {
            std::mt19937_64 random(seed);
            while (!stop_.load()) {
                const auto takes = std::chrono::microseconds(random() % 3 == 0 ? random() % 2000 : 0);
                if (step_gpu(random())) std::this_thread::sleep_for(takes);
                std::this_thread::yield();
            }
        });
    }
    ~LaggingGpu() {
        stop_ = true;
        thread_.join();
        set(false);
    }
    LaggingGpu(const LaggingGpu&) = delete;
    LaggingGpu& operator=(const LaggingGpu&) = delete;

private:
    static void set(bool lags) {
        const std::lock_guard lock(fake_runtime_mutex());
        fake_runtime().lags = lags;
        if (!lags) fake_runtime().pump();
    }

    std::atomic<bool> stop_{false};
    std::thread thread_;
};

struct Way {
    std::uint64_t seed;
    GpuDirect direct;
    bool checksum;
    Into into;
    From from;
    bool few_blocks = false;  ///< rooms wait for each other's
};

class Lagging : public GpuPair, public ::testing::WithParamInterface<Way> {
protected:
    static constexpr RoomId kRooms = 8;

    [[nodiscard]] static Content content(RoomId room) { return {room, 150 + 350 * room, room}; }
    /// Of most all of the first round, so that its checksums are under way when the second is offered.
    [[nodiscard]] static std::uint64_t filled_at_first(RoomId room) { return room % 3 == 0 ? 0 : 500; }
    [[nodiscard]] static std::uint64_t filled(RoomId room, std::uint64_t part) {
        return filled_at_first(room) + (content(room).tokens - filled_at_first(room)) * part / 5;
    }
    void start_lagging() {
        options_.language.checksum = GetParam().checksum;
        options_.language_blocks = GetParam().few_blocks ? 24 : 256;
        start(device_memory(GetParam().direct));
        gpu_.emplace(GetParam().seed);
        for (RoomId room = 1; room <= kRooms; ++room) {
            incoming_.emplace_back(new Incoming(pair_->receive(room, 400, GetParam().into)));
            growing_.emplace_back(new Growing(pair_->embedding(), content(room), filled_at_first(room), GetParam().from));
        }
    }
    /// Tokens become ready in steps, of all rooms in turn; each step is on the wire before the next, where no room has to wait
    /// for another one's blocks.
    void grow_to_the_end(const std::vector<bool>& left_out = std::vector<bool>(kRooms)) {
        for (std::uint64_t part = 1; part <= 5; ++part) {
            for (RoomId room = 1; room <= kRooms; ++room) {
                const std::uint64_t tokens = filled(room, part);
                if (left_out[room - 1]) continue;
                GetParam().few_blocks ? growing_[room - 1]->grow(tokens) : growing_[room - 1]->grow_and_see(tokens);
            }
        }
    }
    void TearDown() override {
        growing_.clear();
        incoming_.clear();
        gpu_.reset();
        GpuPair::TearDown();
    }

    std::optional<LaggingGpu> gpu_;
    std::vector<std::unique_ptr<Incoming>> incoming_;
    std::vector<std::unique_ptr<Growing>> growing_;
};

TEST_P(Lagging, SourcesThatGrowArriveWhole) {
    start_lagging();
    grow_to_the_end();
    for (RoomId room = 1; room <= kRooms; ++room) {
        incoming_[room - 1]->expect_success(content(room));
        growing_[room - 1]->expect_success();
    }
}

TEST_P(Lagging, SomeAreAbortedAndTheirNeighboursArriveWhole) {
    start_lagging();
    std::vector<bool> aborted(kRooms);
    grow_to_the_end({false, true, false, false, true, false, false, false});
    for (const RoomId room : {RoomId{2}, RoomId{5}}) {
        growing_[room - 1]->grow_and_see(filled(room, 2));
        growing_[room - 1]->send().abort();
        aborted[room - 1] = true;
    }
    for (RoomId room = 1; room <= kRooms; ++room) {
        if (aborted[room - 1]) {
            incoming_[room - 1]->expect_failed("aborted by the embedding worker's user");
            growing_[room - 1]->expect_failed("aborted");
        } else {
            incoming_[room - 1]->expect_success(content(room));
            growing_[room - 1]->expect_success();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Lagging,
    ::testing::Values(Way{1, GpuDirect::automatic, true, Into::sink, From::contiguous},
                      Way{2, GpuDirect::staged, true, Into::sink, From::blocks, true},
                      Way{3, GpuDirect::staged, true, Into::kept, From::contiguous},
                      Way{4, GpuDirect::automatic, false, Into::sink, From::blocks, true},
                      Way{5, GpuDirect::staged, false, Into::kept, From::contiguous}));

}  // namespace
}  // namespace remit::worker::test
