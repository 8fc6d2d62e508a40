// Checksums reckoned by the kernel, against the definition of CRC32C byte by byte.
#include "gpu/device.hpp"
#include "gpu/tests.hpp"

#include "memory/cuda.hpp"
#include "sum_reference.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace remit::gpu::test {
namespace {

using memory::Stretch;

/// An executor that sums, and its memory on the device with content of which the host has a copy.
class Summer {
public:
    explicit Summer(std::size_t bytes, Memory::Kind kind = Memory::Kind::device, std::uint32_t slots = 4)
        : data_(random_bytes(bytes, bytes)), memory_(bytes, kind) {
        MemoryOptions options;
        options.kind = MemoryKind::cuda;
        provider_ = memory::open_cuda(options);
        memory::ExecutorOptions executor;
        executor.slots = slots;
        executor.sums = true;
        executor_ = provider_->make_executor(executor);
        executor_->bind();
        const auto* begin = reinterpret_cast<const std::byte*>(data_.data());
        memory_.upload({begin, begin + bytes});
    }
    [[nodiscard]] Stretch stretch(std::uint64_t from, std::uint64_t bytes, std::uint32_t sum = 0) const {
        return {memory_.address() + from, bytes, sum};
    }
    [[nodiscard]] std::uint32_t expected(std::span<const Stretch> stretches, std::uint32_t sum = 0) const {
        std::uint32_t remainder = ~std::uint32_t{0};
        for (const Stretch& stretch : stretches) {
            if (stretch.sum != sum) continue;
            const std::uint8_t* bytes = data_.data() + (stretch.address - memory_.address());
            for (std::uint64_t i = 0; i < stretch.bytes; ++i) remainder = crc::add_byte(remainder, bytes[i]);
        }
        return ~remainder;
    }
    /// Starts, waits, compares.
    void run(const std::vector<Stretch>& stretches, std::uint32_t sums = 1) {
        const memory::Ticket ticket = executor_->reckon(stretches, sums);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!executor_->done(ticket)) {
            require(std::chrono::steady_clock::now() < deadline, "a checksum does not end");
        }
        require(executor_->failure().empty(), executor_->failure());
        const std::vector<std::uint32_t> got = executor_->take_sums(ticket);
        require(got.size() == sums, "a batch has another number of checksums than it was asked for");
        for (std::uint32_t sum = 0; sum < sums; ++sum) {
            require(got[sum] == expected(stretches, sum), "checksum " + std::to_string(sum) + " of " +
                                                              std::to_string(stretches.size()) + " stretches is wrong");
        }
    }

private:
    std::vector<std::uint8_t> data_;
    Memory memory_;
    std::unique_ptr<memory::Provider> provider_;
    std::unique_ptr<memory::CopyExecutor> executor_;
};

/// Beginnings and ends at every place of 16 bytes, from nothing to several rows of a warp, across lots.
void sums_of_every_misalignment(bool small) {
    Summer summer(300'000);
    for (std::uint64_t from = 0; from < 16; ++from) {
        for (const std::uint64_t bytes : {0u, 1u, 15u, 16u, 17u, 511u, 512u, 2047u, 2048u, 2049u, 65535u, 65536u, 200'003u}) {
            if (small && bytes > 3000) continue;
            for (std::uint64_t end = 0; end < (small ? 1u : 16u); ++end) summer.run({summer.stretch(from, bytes + end)});
        }
    }
}

void sums_of_many_stretches(bool small) {
    Summer summer(4 << 20, Memory::Kind::device, 2);
    std::vector<Stretch> stretches;
    for (std::uint64_t i = 0; i < (small ? 300u : 2000u); ++i) {
        stretches.push_back(summer.stretch(i * 1999, i % 7 == 0 ? 0 : 1 + i * 37 % 1999, static_cast<std::uint32_t>(i % 5)));
    }
    summer.run(stretches, 6);  // the last has nothing
}

/// The staged path's: read across PCIe.
void sums_of_pinned_memory(bool) {
    Summer summer(1 << 20, Memory::Kind::mapped);
    summer.run({summer.stretch(5, 1'000'000), summer.stretch(0, 16)});
}

}  // namespace

const std::vector<GpuTest>& sum_gpu_tests() {
    static const std::vector<GpuTest> tests = {
        {"checksums of every misalignment", sums_of_every_misalignment},
        {"checksums of many stretches", sums_of_many_stretches},
        {"checksums of pinned memory", sums_of_pinned_memory},
    };
    return tests;
}

}  // namespace remit::gpu::test
