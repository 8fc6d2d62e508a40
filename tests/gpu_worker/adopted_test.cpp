// Memory of the user's that a worker has adopted: sent where it lies while it is there, gathered otherwise, right
// always.

#include "gpu_pair.hpp"

#include <remit/tensor_memory.hpp>

#include <cstring>

namespace remit::worker::test {
namespace {

constexpr std::uint64_t kTokens = 1500;
constexpr std::uint64_t kLittle = 64;  // slots of 16 bytes: the aux, and zeros that keep writes whole

using gpu::test::fake_runtime;
using gpu::test::fake_runtime_mutex;
using gpu::test::hold_stream;
using gpu::test::make_user_stream;

/// Tensors of a framework: one allocation of a GPU, all of a request's tensors in it.
class Framework {
public:
    explicit Framework(std::uint64_t tokens) : layout_(small_layout()), tokens_(tokens), memory_(device_memory()) {
        for (const Segment& segment : layout_.segments()) {
            at_.push_back(bytes_);
            if (!segment.once_per_request) bytes_ += segment.block_bytes(tokens) + kGap;
        }
        base_ = static_cast<std::byte*>(memory_.allocate(bytes_));
    }
    /// As if an encoder had written them.
    void fill(const Content& content) {
        for (std::size_t s = 0; s < at_.size(); ++s) {
            const Segment& segment = layout_.segments()[s];
            if (segment.once_per_request) continue;
            for (std::uint32_t plane = 0; plane < segment.planes; ++plane) {
                for (std::uint64_t t = 0; t < tokens_; ++t) {
                    content.fill(s, plane, t,
                                 {base_ + at_[s] + (plane * tokens_ + t) * segment.token_bytes, segment.token_bytes});
                }
            }
        }
    }
    [[nodiscard]] ContiguousSource source() const {
        ContiguousSource source;
        for (std::size_t s = 0; s < at_.size(); ++s) {
            source.data.push_back(layout_.segments()[s].once_per_request ? nullptr : base_ + at_[s]);
        }
        return source;
    }
    [[nodiscard]] std::byte* base() const { return base_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// Of the first tensor, the embeddings.
    [[nodiscard]] std::size_t first_bytes() const { return layout_.segments()[0].block_bytes(tokens_); }

private:
    static constexpr std::size_t kGap = 48;
    Layout layout_;
    std::uint64_t tokens_;
    TensorMemory memory_;
    std::vector<std::size_t> at_;
    std::size_t bytes_ = 0;
    std::byte* base_ = nullptr;
};

class Adopted : public GpuPair {
protected:
    void TearDown() override {
        pair_.reset();
        framework_.reset();
        GpuPair::TearDown();
    }
    /// An embedding worker on the GPU, a language worker on host memory: every kernel there is gathers.
    EmbeddingWorker& begin(Gather gather = Gather::never, GpuDirect direct = GpuDirect::automatic) {
        options_.embedding.memory = device_memory(direct);
        options_.embedding.gather = gather;
        pair_ = std::make_unique<Pair>(options_);
        framework_ = std::make_unique<Framework>(kTokens);
        return pair_->embedding();
    }
    AdoptedMemory adopt_all() { return pair_->embedding().adopt(framework_->base(), framework_->bytes()); }
    /// One request from the framework's tensors, every byte compared; the 16-byte slots that kernels have copied for
    /// it.
    std::uint64_t transfer(RoomId room) {
        const Content content{room, kTokens, room};
        framework_->fill(content);
        const std::uint64_t before = gathered();
        const Incoming incoming = pair_->receive(room, kTokens);
        const Send send = pair_->embedding().send(room, framework_->source(), kTokens, content.aux());
        incoming.expect_success(content);
        EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success) << send.reason();
        return gathered() - before;
    }
    [[nodiscard]] static std::uint64_t gathered() {
        const std::lock_guard lock(fake_runtime_mutex());
        std::uint64_t slots = 0;
        for (const gpu::test::Launch& launch : fake_runtime().launches) slots += launch.header.slots;
        return slots;
    }
    [[nodiscard]] static int exports() {
        const std::lock_guard lock(fake_runtime_mutex());
        return fake_gpu().exports;
    }

    std::unique_ptr<Framework> framework_;
};

TEST_F(Adopted, TensorsAreSentWhereTheyLie) {
    begin();
    EXPECT_GT(transfer(1), framework_->first_bytes() / 16) << "not adopted: all of it is gathered";
    const AdoptedMemory adopted = adopt_all();
    EXPECT_EQ(adopted.gpu_direct(), "dmabuf");
    EXPECT_EQ(adopted.reason(), "");
    EXPECT_LE(transfer(2), kLittle) << "the aux and filler alone are copied";
}

TEST_F(Adopted, OverSeveralRailsWithTheKeysOfEach) {
    options_.embedding.fabric.loopback_rails = options_.language.fabric.loopback_rails = 3;
    begin();
    const AdoptedMemory adopted = adopt_all();
    EXPECT_EQ(adopted.gpu_direct(), "dmabuf");
    EXPECT_LE(transfer(1), kLittle);
}

TEST_F(Adopted, ADroppedHandleEndsItForLaterSends) {
    begin();
    { const AdoptedMemory adopted = adopt_all(); }
    EXPECT_GT(transfer(1), kLittle);
}

TEST_F(Adopted, AgainAndInPartSharesOneRegistration) {
    EmbeddingWorker& worker = begin();
    const int before = exports();
    AdoptedMemory first = adopt_all();
    const AdoptedMemory again = adopt_all();
    const AdoptedMemory part = worker.adopt(framework_->base() + 4096, 8192);
    EXPECT_EQ(exports() - before, 1);
    EXPECT_EQ(part.gpu_direct(), "dmabuf");
    // The part holds all of it: a registration in use is never dropped.
    { const AdoptedMemory gone = std::move(first); }
    EXPECT_LE(transfer(1), kLittle);
    EXPECT_EQ(exports() - before, 1);
}

TEST_F(Adopted, WhatLapsOverMakesOneOfBoth) {
    EmbeddingWorker& worker = begin();
    const std::size_t half = framework_->bytes() / 2;
    const AdoptedMemory low = worker.adopt(framework_->base(), half + 4096);
    EXPECT_GT(transfer(1), kLittle) << "the tensors reach beyond it";
    const AdoptedMemory high = worker.adopt(framework_->base() + half, framework_->bytes() - half);
    EXPECT_LE(transfer(2), kLittle);
}

TEST_F(Adopted, ASendHoldsWhatItReadsThoughItsUserLetGo) {
    EmbeddingWorker& worker = begin();
    const cudaStream_t user = make_user_stream();
    hold_stream(user, true);
    const Content content{1, kTokens};
    framework_->fill(content);
    const Incoming incoming = pair_->receive(1, kTokens);
    SendOptions options;
    options.stream = Stream(user);
    std::optional<AdoptedMemory> adopted = adopt_all();
    const std::uint64_t before = gathered();
    const Send send = worker.send(1, framework_->source(), kTokens, content.aux(), options);
    adopted.reset();
    hold_stream(user, false);
    incoming.expect_success(content);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success);
    EXPECT_LE(gathered() - before, kLittle) << "it was sent where it lies";
    EXPECT_GT(transfer(2), kLittle) << "with its end the registration went";
}

TEST_F(Adopted, MemoryThatWasFreedAndAllocatedAnewIsGathered) {
    // Its address is the same; the registration reaches the pages of before.
    begin();
    const AdoptedMemory adopted = adopt_all();
    EXPECT_LE(transfer(1), kLittle);
    reallocate(framework_->base());
    EXPECT_GT(transfer(2), kLittle);
    const AdoptedMemory anew = adopt_all();
    EXPECT_EQ(anew.gpu_direct(), "dmabuf");
    EXPECT_LE(transfer(3), kLittle);
}

TEST_F(Adopted, MemoryThatGoesBetweenSendAndPlanIsGathered) {
    EmbeddingWorker& worker = begin();
    const AdoptedMemory adopted = adopt_all();
    const Content content{1, kTokens};
    framework_->fill(content);
    const std::uint64_t before = gathered();
    // Nobody asks for the room yet: nothing is planned.
    const Send send = worker.send(1, framework_->source(), kTokens, content.aux());
    reallocate(framework_->base());
    const Incoming incoming = pair_->receive(1, kTokens);
    incoming.expect_success(content);
    EXPECT_EQ(send.wait_for(scaled(30'000)), Status::Success);
    EXPECT_GT(gathered() - before, kLittle);
}

TEST_F(Adopted, MemoryThatMustNotBeRegisteredIsGatheredFrom) {
    begin();
    fake_gpu().gather_only = "memory of a CUDA memory pool that is not capable of GPUDirect RDMA";
    const int before = exports();
    const AdoptedMemory adopted = adopt_all();
    EXPECT_EQ(adopted.gpu_direct(), "none");
    EXPECT_NE(adopted.reason().find("memory pool"), std::string::npos) << adopted.reason();
    EXPECT_EQ(exports(), before) << "it was not tried";
    EXPECT_GT(transfer(1), kLittle);
}

TEST_F(Adopted, WhatNoWayReachesIsGatheredFromUnlessAWayWasNamed) {
    fake_gpu().exports_dmabuf = false;
    begin();
    const AdoptedMemory adopted = adopt_all();
    EXPECT_EQ(adopted.gpu_direct(), "none");
    EXPECT_NE(adopted.reason().find("dmabuf"), std::string::npos) << adopted.reason();
    EXPECT_GT(transfer(1), kLittle);
    fake_gpu().exports_dmabuf = true;
    pair_.reset();
    begin(Gather::never, GpuDirect::dmabuf);
    fake_gpu().exports_dmabuf = false;
    expect_error([&] { static_cast<void>(adopt_all()); }, ErrorKind::environment, {"--gpu-direct dmabuf"});
    fake_gpu().exports_dmabuf = true;
}

TEST_F(Adopted, AWorkerThatGathersAllRegistersNothing) {
    for (const Gather gather : {Gather::automatic, Gather::always}) {
        pair_.reset();
        begin(gather);
        const int before = exports();
        const AdoptedMemory adopted = adopt_all();
        EXPECT_EQ(adopted.gpu_direct(), "none");
        EXPECT_NE(adopted.reason().find("with gather never"), std::string::npos) << adopted.reason();
        EXPECT_EQ(exports(), before);
        EXPECT_GT(transfer(1), kLittle);
    }
}

TEST_F(Adopted, NothingAndForeignMemoryAreRefused) {
    EmbeddingWorker& worker = begin();
    std::array<std::byte, 64> mine{};
    expect_error([&] { static_cast<void>(worker.adopt(nullptr, 16)); }, ErrorKind::bad_argument, {"null"});
    expect_error([&] { static_cast<void>(worker.adopt(framework_->base(), 0)); }, ErrorKind::bad_argument, {"0 bytes"});
    expect_error([&] { static_cast<void>(worker.adopt(mine.data(), mine.size())); }, ErrorKind::bad_argument,
                 {"cuda:0"});
}

TEST_F(Adopted, AHandleMayOutliveItsWorker) {
    begin();
    const AdoptedMemory adopted = adopt_all();
    pair_.reset();
    EXPECT_EQ(adopted.gpu_direct(), "dmabuf");
}

TEST_F(Adopted, HostMemoryIsGatheredFromAndSentRight) {
    pair_ = std::make_unique<Pair>();
    std::vector<std::byte> tensor(4096);
    const AdoptedMemory adopted = pair_->embedding().adopt(tensor.data(), tensor.size());
    EXPECT_EQ(adopted.gpu_direct(), "none");
    EXPECT_NE(adopted.reason().find("host memory"), std::string::npos) << adopted.reason();
}

}  // namespace
}  // namespace remit::worker::test
