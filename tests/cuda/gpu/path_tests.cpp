// What workers are made of, on a GPU: executor, streams, memory of each kind, and the staged path from one device pool to
// another one's tensors. Without control channel and fabric, which a bare machine cannot build: a memcpy is the wire.
#include "gpu/device.hpp"
#include "gpu/tests.hpp"

#include "host/copy_executor.hpp"
#include "host/streams.hpp"
#include "memory/cuda.hpp"

#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

namespace remit::gpu::test {
namespace {

std::unique_ptr<memory::Provider> open(MemoryKind kind, DeviceAllocation allocation = DeviceAllocation::plain) {
    MemoryOptions options;
    options.kind = kind;
    options.allocation = allocation;
    return memory::open_cuda(options);
}

void wait(memory::CopyExecutor& executor, memory::Ticket ticket) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!executor.done(ticket)) {
        require(std::chrono::steady_clock::now() < deadline, "a batch does not end");
    }
    require(executor.failure().empty(), executor.failure());
}

/// An executor on this thread.
std::unique_ptr<memory::CopyExecutor> executor_of(memory::Provider& provider, std::uint32_t slots = 4,
                                                  bool crosses_pcie = false) {
    memory::ExecutorOptions options;
    options.slots = slots;
    options.crosses_pcie = crosses_pcie;
    auto executor = provider.make_executor(options);
    executor->bind();
    return executor;
}

/// Bytes of a pool's memory, through pinned memory that is told nothing of CUDA but its address.
class Access {
public:
    explicit Access(memory::Provider& provider, std::size_t bytes) : executor_(executor_of(provider)) {
        std::string note;
        pinned_ = provider.allocate_reachable(bytes, -1, note);
    }
    std::byte* bytes() { return reinterpret_cast<std::byte*>(pinned_->address()); }
    void write(std::uint64_t to, std::size_t count) { copy({pinned_->copy_address(), to, count}); }
    void read(std::uint64_t from, std::size_t count) { copy({from, pinned_->copy_address(), count}); }

private:
    void copy(const memory::Copy& one) { wait(*executor_, executor_->submit({&one, 1}, 0)); }

    std::unique_ptr<memory::CopyExecutor> executor_;
    std::unique_ptr<memory::Buffer> pinned_;
};

std::byte content(std::uint64_t i) { return static_cast<std::byte>((i * 2654435761u) >> 13); }

void memory_of_each_kind(bool small) {
    const std::size_t bytes = small ? 300'000 : 9'000'001;
    const auto try_one = [bytes](memory::Provider& provider) {
        const auto buffer = provider.allocate(bytes);
        Access access(provider, bytes);
        access.read(buffer->copy_address(), bytes);
        for (std::size_t i = 0; i < bytes; ++i) require(access.bytes()[i] == std::byte{0}, "memory is not zeroed");
        for (std::size_t i = 0; i < bytes; ++i) access.bytes()[i] = content(i);
        access.write(buffer->copy_address(), bytes);
        std::memset(access.bytes(), 0, bytes);
        access.read(buffer->copy_address(), bytes);
        for (std::size_t i = 0; i < bytes; ++i) require(access.bytes()[i] == content(i), "memory does not keep");
    };
    try_one(*open(MemoryKind::cuda));
    try_one(*open(MemoryKind::cuda, DeviceAllocation::virtual_memory));
    try_one(*open(MemoryKind::pinned));
}

void an_adopted_tensor_is_read_and_left_alone(bool) {
    constexpr std::size_t bytes = 1 << 20;
    const auto provider = open(MemoryKind::cuda);
    Memory tensor(3 * bytes, Memory::Kind::device);
    std::vector<std::byte> written(3 * bytes);
    for (std::size_t i = 0; i < written.size(); ++i) written[i] = content(i);
    tensor.upload(written);
    {
        const auto adopted = provider->adopt(static_cast<std::byte*>(tensor.data()) + 12345, bytes);
        Access access(*provider, bytes);
        access.read(adopted->copy_address(), bytes);
        require(std::memcmp(access.bytes(), written.data() + 12345, bytes) == 0, "an adopted tensor reads wrong");
    }
    require(tensor.download(3 * bytes) == written, "an adopted tensor was not left alone");
}

/// The address of a tensor that was freed and allocated anew is the same, often; what is there is not.
void an_adopted_tensor_that_is_gone_is_told(bool) {
    constexpr std::size_t bytes = 4 << 20;
    const auto provider = open(MemoryKind::cuda);
    auto tensor = std::make_unique<Memory>(bytes, Memory::Kind::device);
    const auto adopted = provider->adopt(tensor->data(), bytes);
    require(provider->matches(*adopted), "an adopted tensor that is there was not told from one that is gone");
    tensor.reset();
    require(!provider->matches(*adopted), "a tensor that was freed was not noticed");
    const Memory again(bytes, Memory::Kind::device);
    require(!provider->matches(*adopted), "a tensor that was allocated anew was taken for the one before");
}

/// Memory of the runtime's pool: whether a NIC may have it is read back, and if it may not, the reason is told.
void memory_of_a_pool_is_judged_by_what_is_read_back(bool) {
    constexpr std::size_t bytes = 1 << 20;
    int pools = 0;
    check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, 0), "cudaDeviceGetAttribute");
    if (pools == 0) return;
    const auto provider = open(MemoryKind::cuda);
    void* memory = nullptr;
    check(cudaMallocAsync(&memory, bytes, nullptr), "cudaMallocAsync");
    check(cudaStreamSynchronize(nullptr), "cudaStreamSynchronize");
    const auto adopted = provider->adopt(memory, bytes);
    require(adopted->registrable() || !adopted->facts().gather_only.empty(),
            "memory of a pool is refused without a reason");
    Access access(*provider, bytes);
    access.read(adopted->copy_address(), bytes);  // gathered from in any case
    check(cudaFreeAsync(memory, nullptr), "cudaFreeAsync");
    check(cudaStreamSynchronize(nullptr), "cudaStreamSynchronize");
}

void pageable_memory_is_refused(bool) {
    const auto provider = open(MemoryKind::cuda);
    const std::vector<std::byte> pageable(4096);
    int unified = 0;
    check(cudaDeviceGetAttribute(&unified, cudaDevAttrPageableMemoryAccess, 0), "cudaDeviceGetAttribute");
    if (unified != 0) return;  // this GPU reads all of the process's memory
    try {
        provider->require_reachable(pageable.data(), pageable.size(), "a source");
    } catch (const std::exception&) {
        return;
    }
    throw std::runtime_error("pageable memory was not refused");
}

/// A round's consumer: its stream waits for the point behind the last copy, on the device.
void a_consumers_stream_waits_for_the_last_copy(bool small) {
    constexpr std::size_t bytes = 32 << 20;
    const auto provider = open(MemoryKind::cuda);
    const auto executor = executor_of(*provider);
    Memory source(bytes, Memory::Kind::device);
    Memory middle(bytes, Memory::Kind::device);
    Memory seen(bytes, Memory::Kind::device);
    cudaStream_t user = nullptr;
    check(cudaStreamCreateWithFlags(&user, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    for (int i = 1; i <= (small ? 3 : 30); ++i) {
        check(cudaMemset(source.data(), i, bytes), "cudaMemset");
        check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
        const memory::Copy copy{source.address(), middle.address(), bytes};
        const memory::Ticket ticket = executor->submit({&copy, 1}, 0);
        require(executor->launched(ticket), "a batch with a free slot is launched at once");
        const auto point = executor->mark();
        require(point != nullptr, executor->failure());
        provider->streams()->wait(user, *point);
        check(cudaMemcpyAsync(seen.data(), middle.data(), bytes, cudaMemcpyDeviceToDevice, user), "cudaMemcpyAsync");
        check(cudaStreamSynchronize(user), "cudaStreamSynchronize");
        require(seen.download(bytes) == std::vector<std::byte>(bytes, static_cast<std::byte>(i)),
                "the consumer read before the copy had ended");
        wait(*executor, ticket);
    }
    check(cudaStreamDestroy(user), "cudaStreamDestroy");
}

void a_capturing_stream_is_refused_and_goes_on(bool) {
    const auto provider = open(MemoryKind::cuda);
    cudaStream_t user = nullptr;
    check(cudaStreamCreateWithFlags(&user, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaStreamBeginCapture(user, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
    bool refused = false;
    try {
        static_cast<void>(provider->streams()->record(user));
    } catch (const std::exception&) {
        refused = true;
    }
    cudaGraph_t graph = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(user, &graph);
    if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
    check(cudaStreamDestroy(user), "cudaStreamDestroy");
    require(refused, "a capturing stream was not refused");
    check(ended, "cudaStreamEndCapture after the refusal");
}

void batches_beyond_the_slots(bool small) {
    constexpr std::size_t bytes = 1 << 16;
    const auto provider = open(MemoryKind::cuda);
    const auto executor = executor_of(*provider, 2);
    const std::uint64_t batches = small ? 20 : 2000;
    Memory source(bytes, Memory::Kind::device);
    Memory destination(bytes, Memory::Kind::device);
    std::vector<std::byte> written(bytes);
    for (std::size_t i = 0; i < bytes; ++i) written[i] = content(i);
    source.upload(written);
    memory::Ticket last = 0;
    for (std::uint64_t i = 0; i < batches; ++i) {
        const std::uint64_t at = i * 997 % (bytes - 1000);
        const memory::Copy copy{source.address() + at, destination.address() + at, 1000};
        last = executor->submit({&copy, 1}, 0);
    }
    wait(*executor, last);
    const std::vector<std::byte> got = destination.download(bytes);
    for (std::uint64_t i = 0; i < batches; ++i) {
        const std::uint64_t at = i * 997 % (bytes - 1000);
        require(std::memcmp(got.data() + at, written.data() + at, 1000) == 0, "a batch was lost");
    }
}

/// Device to pinned memory, back, and within either, batch behind batch; zeros among them, at every misalignment.
void copies_by_the_engines(bool small) {
    constexpr std::size_t bytes = 8 << 20;
    const auto provider = open(MemoryKind::cuda);
    const auto executor = executor_of(*provider, 4, true);
    std::string note;
    const auto there = provider->allocate_reachable(bytes, -1, note);
    const auto again = provider->allocate_reachable(bytes, -1, note);
    Memory source(bytes, Memory::Kind::device);
    Memory back(bytes, Memory::Kind::device);
    std::vector<std::byte> written(bytes);
    for (std::size_t i = 0; i < bytes; ++i) written[i] = content(i);
    source.upload(written);
    auto* const host = reinterpret_cast<std::byte*>(there->address());
    for (std::uint64_t turn = 0; turn < (small ? 2u : 40u); ++turn) {
        std::memset(host, 0xee, bytes);
        std::vector<memory::Copy> out;
        std::vector<std::byte> expected(bytes, std::byte{0xee});
        std::uint64_t at = turn;
        for (std::uint64_t i = 0; at + 200'000 < bytes; ++i) {
            const std::uint64_t length = 20'000 + (i * 7919 + turn * 13) % 150'000;
            const std::uint64_t from = (i * 104'729 + turn) % (bytes - length);
            const bool zeros = i % 5 == 4;
            out.push_back({zeros ? 0 : source.address() + from, at, length});
            for (std::uint64_t k = 0; k < length; ++k) expected[at + k] = zeros ? std::byte{0} : written[from + k];
            at += length + i % 3;
        }
        wait(*executor, executor->submit(out, there->copy_address()));
        require(std::memcmp(host, expected.data(), bytes) == 0, "copies to pinned memory are wrong");
        const memory::Copy inside{there->copy_address(), 0, bytes};
        const memory::Copy home{again->copy_address(), 0, bytes};
        executor->submit({&inside, 1}, again->copy_address());
        wait(*executor, executor->submit({&home, 1}, back.address()));
        require(back.download(bytes) == expected, "copies from pinned memory are wrong");
    }
}

// -------------------------------------------------------------------------------------- staged, from end to end

constexpr std::uint64_t kBlock = 128;

/// One segment of a request: rows of `bytes`, in planes; block b of a pool has them at base + b * stride.
struct Rows {
    std::uint64_t planes;
    std::uint64_t bytes;
    std::uint64_t base;
    [[nodiscard]] std::uint64_t at(std::uint64_t block, std::uint64_t plane, std::uint64_t row) const {
        return base + ((block * planes + plane) * kBlock + row) * bytes;
    }
};

std::vector<Rows> segments_of(std::uint64_t blocks, std::uint64_t hidden_bytes) {
    std::vector<Rows> segments;
    std::uint64_t base = 0;
    for (const auto& [planes, bytes] : {std::pair<std::uint64_t, std::uint64_t>{1, hidden_bytes}, {1, 4}, {3, 4}}) {
        segments.push_back({planes, bytes, base});
        base += blocks * kBlock * planes * bytes;
    }
    return segments;
}

std::uint64_t pool_bytes(std::uint64_t blocks, std::uint64_t hidden_bytes) {
    return blocks * kBlock * (hidden_bytes + 4 + 12);
}

/// 2000 tokens into 1024: two device pools that no NIC reaches, a pinned send region, a memcpy as the wire, a pinned
/// mirror, the receiver's tensors on the device.
void staged_from_end_to_end(bool small) {
    const std::uint64_t hidden = small ? 256 : 8192;
    const std::uint64_t tokens = 2000;
    const std::uint64_t guess = 1024;
    const std::uint64_t source_blocks = 16;
    const std::uint64_t destination_blocks = 8;
    const auto embedding = open(MemoryKind::cuda);
    const auto language = open(MemoryKind::cuda);
    const auto gather = executor_of(*embedding, 4, true);
    const auto scatter = executor_of(*language, 4, true);
    const auto source = segments_of(source_blocks, hidden);
    const auto mirror = segments_of(destination_blocks, hidden);
    const std::uint64_t mirror_bytes = pool_bytes(destination_blocks, hidden);
    const auto pool = embedding->allocate(pool_bytes(source_blocks, hidden));
    std::string note;
    const auto region = embedding->allocate_reachable(mirror_bytes, -1, note);
    const auto pinned = language->allocate_reachable(mirror_bytes, -1, note);
    const auto tensors = language->allocate(tokens * (hidden + 16));
    const auto block_of = [](std::uint64_t index) { return (index * 7 + 3) % 16; };  // in no order
    Access access(*embedding, pool->bytes());
    for (std::uint64_t i = 0; i < pool->bytes(); ++i) access.bytes()[i] = content(i);
    access.write(pool->copy_address(), pool->bytes());
    for (std::uint64_t first = 0; first < tokens; first += guess) {
        const std::uint64_t count = std::min(guess, tokens - first);
        std::vector<memory::Copy> into_region;
        std::vector<memory::Copy> into_tensors;
        std::uint64_t tensor = 0;
        for (std::size_t s = 0; s < source.size(); ++s) {
            for (std::uint64_t plane = 0; plane < source[s].planes; ++plane) {
                for (std::uint64_t row = 0; row < count; row += kBlock) {
                    const std::uint64_t bytes = std::min(kBlock, count - row) * source[s].bytes;
                    const std::uint64_t there = mirror[s].at(row / kBlock, plane, 0);
                    into_region.push_back(
                        {pool->copy_address() + source[s].at(block_of((first + row) / kBlock), plane, 0), there, bytes});
                    const std::uint64_t to = tensor + (plane * tokens + first + row) * source[s].bytes;
                    into_tensors.push_back({pinned->copy_address() + there, to, bytes});
                }
            }
            tensor += source[s].planes * tokens * source[s].bytes;
        }
        wait(*gather, gather->submit(into_region, region->copy_address()));
        std::memcpy(reinterpret_cast<void*>(pinned->address()), reinterpret_cast<const void*>(region->address()),
                    mirror_bytes);
        wait(*scatter, scatter->submit(into_tensors, tensors->copy_address()));
    }
    Access arrived(*language, tensors->bytes());
    arrived.read(tensors->copy_address(), tensors->bytes());
    std::uint64_t tensor = 0;
    for (const Rows& rows : source) {
        for (std::uint64_t plane = 0; plane < rows.planes; ++plane) {
            for (std::uint64_t token = 0; token < tokens; ++token) {
                const std::uint64_t from = rows.at(block_of(token / kBlock), plane, token % kBlock);
                for (std::uint64_t i = 0; i < rows.bytes; ++i) {
                    require(arrived.bytes()[tensor++] == content(from + i), "a byte of token " + std::to_string(token) + " is wrong");
                }
            }
        }
    }
}

}  // namespace

const std::vector<GpuTest>& path_gpu_tests() {
    static const std::vector<GpuTest> tests = {
        {"memory of each kind", memory_of_each_kind},
        {"an adopted tensor is read and left alone", an_adopted_tensor_is_read_and_left_alone},
        {"an adopted tensor that is gone is told", an_adopted_tensor_that_is_gone_is_told},
        {"memory of a pool is judged by what is read back", memory_of_a_pool_is_judged_by_what_is_read_back},
        {"pageable memory is refused", pageable_memory_is_refused},
        {"batches beyond the slots", batches_beyond_the_slots},
        {"a consumer's stream waits for the last copy", a_consumers_stream_waits_for_the_last_copy},
        {"a capturing stream is refused and goes on", a_capturing_stream_is_refused_and_goes_on},
        {"copies by the engines", copies_by_the_engines},
        {"staged from end to end: 2000 tokens into 1024", staged_from_end_to_end},
    };
    return tests;
}

}  // namespace remit::gpu::test
