#include "shim/grid.hpp"

#include "shim/primitives.hpp"

#include <limits>
#include <utility>

namespace remit::gpu::shim {
namespace {

constexpr std::uint64_t kStop = std::numeric_limits<std::uint64_t>::max();

thread_local std::barrier<>* barrier_of_thread = nullptr;
thread_local std::uint32_t* words_of_thread = nullptr;

}  // namespace

void block_barrier() {
    barrier_of_thread->arrive_and_wait();
}

std::uint32_t* block_words(std::uint32_t) {
    return words_of_thread;
}

Grid::Grid(std::uint32_t threads)
    : threads_(threads), counters_(std::size_t{kProcessors} * threads), words_(std::size_t{kProcessors} * kBlockWords) {
    for (std::uint32_t p = 0; p < kProcessors; ++p) {
        barriers_.push_back(std::make_unique<std::barrier<>>(static_cast<std::ptrdiff_t>(threads)));
    }
    for (std::uint32_t p = 0; p < kProcessors; ++p) {
        for (std::uint32_t t = 0; t < threads; ++t) workers_.emplace_back([this, p, t] { work(p, t); });
    }
}

Grid::~Grid() {
    launch_.store(kStop, std::memory_order_release);
    launch_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void Grid::start(std::uint32_t blocks, Recorder& recorder, std::function<void()> kernel) {
    blocks_ = blocks;
    recorder_ = &recorder;
    kernel_ = std::move(kernel);
    for (Counters& counters : counters_) counters = {};
    running_.store(kProcessors * threads_, std::memory_order_relaxed);
    launch_.fetch_add(1, std::memory_order_release);
    launch_.notify_all();
}

Counters Grid::finish() {
    for (std::uint32_t left = running_.load(std::memory_order_acquire); left != 0;
         left = running_.load(std::memory_order_acquire)) {
        running_.wait(left, std::memory_order_acquire);
    }
    Counters sum;
    for (const Counters& counters : counters_) sum.add(counters);
    return sum;
}

void Grid::work(std::uint32_t processor, std::uint32_t thread) {
    std::uint64_t seen = 0;
    for (;;) {
        launch_.wait(seen, std::memory_order_acquire);
        const std::uint64_t launch = launch_.load(std::memory_order_acquire);
        if (launch == kStop) return;
        seen = launch;
        run_blocks(processor, thread);
        if (running_.fetch_sub(1, std::memory_order_release) == 1) running_.notify_all();
    }
}

/// Blocks are dealt out beforehand: a queue of blocks would order them by itself.
void Grid::run_blocks(std::uint32_t processor, std::uint32_t thread) {
    bind(recorder_, &counters_[std::size_t{processor} * threads_ + thread]);
    barrier_of_thread = barriers_[processor].get();
    words_of_thread = words_.data() + std::size_t{processor} * kBlockWords;
    threadIdx.x = thread;
    blockDim.x = threads_;
    gridDim.x = blocks_;
    for (std::uint32_t block = processor; block < blocks_; block += kProcessors) {
        blockIdx.x = block;
        kernel_();
    }
}

}  // namespace remit::gpu::shim
