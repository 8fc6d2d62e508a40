#include "gpu/tests.hpp"

#include "bulk/launcher.hpp"
#include "gpu/device.hpp"

#include <thread>

namespace remit::gpu::test {
namespace {

constexpr std::uint32_t kBudgets[] = {1, 8, 132};

void random_plans(bool small) {
    for (const std::uint32_t budget : kBudgets) {
        Machine machine(budget);
        const std::uint64_t plans = small ? 20 : 700;
        for (std::uint64_t i = 0; i < plans; ++i) DeviceCase(random_case(budget * 10000 + i)).run(machine);
    }
}

void piece_counts(bool) {
    Machine machine;
    for (const std::uint64_t count : {0u, 1u, 252u, 253u, 254u, 2043u, 2044u, 2045u, 2046u, 5000u}) {
        DeviceCase(many_pieces(count, 29, count)).run(machine);
    }
}

void every_misalignment(bool) {
    Machine machine;
    for (std::uint64_t source = 0; source < 16; ++source) {
        for (std::uint64_t destination = 0; destination < 16; ++destination) {
            const std::uint64_t bytes = destination % 2 == 0 ? 200 + source : 40000 + source;
            DeviceCase(make_case("misaligned", {{source, destination, bytes}}, source)).run(machine);
        }
    }
}

void layouts(bool small) {
    for (const std::uint32_t budget : kBudgets) {
        Machine machine(budget);
        for (const std::uint64_t hidden : {2560u, 8192u, 16384u}) {
            for (const bool scatter : {false, true}) {
                const std::uint64_t tokens = small ? 70 : 2000;
                DeviceCase(layout_case({.hidden_bytes = hidden, .tokens = tokens, .scatter = scatter}, hidden))
                    .run(machine);
            }
        }
    }
}

void zeros(bool) {
    Machine machine;
    DeviceCase(make_case("zeros", {{Span::kZeros, 3, 90000}, {7, 90007, 3000}, {Span::kZeros, 93011, 1}}, 6))
        .run(machine);
}

/// A staged region: the host reads the bytes as soon as it has seen the word, with nothing else in between.
void host_memory_is_there_when_the_word_is(bool small) {
    for (const std::uint32_t budget : kBudgets) {
        Machine machine(budget);
        for (std::uint64_t i = 0; i < (small ? 5u : 100u); ++i) {
            DeviceCase(many_pieces(40 + i, 3000 + i, i), Memory::Kind::mapped).run(machine);
        }
    }
}

/// Launches one behind the other, each slot used many times, nothing waited for but the last of each slot.
void launches_in_a_row(bool small) {
    Machine machine;
    std::vector<std::unique_ptr<DeviceCase>> cases;
    for (std::uint32_t i = 0; i < 8; ++i) {
        cases.push_back(std::make_unique<DeviceCase>(many_pieces(30 + 10 * i, 5000, i)));
    }
    const std::uint64_t rounds = small ? 3 : 200;
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        for (std::uint32_t i = 0; i < 8; ++i) cases[i]->launch(machine, i, round);
    }
    for (std::uint32_t i = 0; i < 8; ++i) machine.wait(i, rounds);
    for (const auto& each : cases) each->compare();
}

/// What a worker does while a graph is captured elsewhere in the process; the problem, or nothing.
std::string launch_on_a_thread_of_its_own(Machine& machine, DeviceCase& work) {
    std::string problem;
    std::thread([&] {
        try {
            check(machine.launcher().bind_thread(), "bind_thread");
            work.launch(machine, 0, 1);
            machine.wait(0, 1);
            static_cast<void>(cudaStreamQuery(machine.launcher().stream()));
        } catch (const std::exception& error) {
            problem = error.what();
        }
    }).join();
    return problem;
}

/// A query or launch in the default capture mode would end a capture in global mode as invalid. What takes memory or
/// waits for the device comes before and after: both are refused during a capture whatever the mode.
void a_capture_elsewhere_survives(bool) {
    Machine machine;
    DeviceCase work(many_pieces(40, 5000, 1), Memory::Kind::mapped);
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
    const std::string problem = launch_on_a_thread_of_its_own(machine, work);
    cudaGraph_t graph = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
    static_cast<void>(cudaStreamDestroy(stream));
    require(problem.empty(), problem);
    check(ended, "cudaStreamEndCapture");
    work.compare();
}

/// The bulk-copy variant, where this GPU has the engine: through every stage many times, pieces across stages.
void bulk_copies(bool small) {
    Machine machine;
    LaunchSlots slots;
    check(slots.create(1, 0), "LaunchSlots::create");
    std::uint64_t sequence = 0;
    for (const std::uint32_t budget : kBudgets) {
        BulkLauncher launcher(machine.launcher().stream(), budget);
        for (const std::uint64_t pieces : {1u, 3u, 40u, 2000u}) {
            const std::size_t bytes = pieces * (small ? 512 : 8208);
            Memory source(2 * bytes, Memory::Kind::device);
            Memory destination(bytes, Memory::Kind::device);
            std::vector<std::byte> written(2 * bytes);
            for (std::size_t i = 0; i < written.size(); ++i) written[i] = static_cast<std::byte>(i * 31 >> 4);
            source.upload(written);
            std::vector<memory::Copy> copies;
            const std::size_t piece = bytes / pieces;
            for (std::uint64_t i = 0; i < pieces; ++i) {
                copies.push_back({source.address() + 2 * i * piece, destination.address() + i * piece, piece});
            }
            if (!BulkLauncher::takes(0, copies, 0)) return;
            check(launcher.launch(copies, 0, slots[0], ++sequence), "a bulk launch");
            check(cudaStreamSynchronize(machine.launcher().stream()), "cudaStreamSynchronize");
            require(slots.progress(0) == sequence, "the bulk kernel's word was not set");
            const std::vector<std::byte> got = destination.download(bytes);
            for (std::size_t i = 0; i < bytes; ++i) {
                require(got[i] == written[i / piece * piece + i], "a bulk copy is wrong");
            }
        }
    }
}

/// What the caller's stream writes before an event is what a launch behind that event copies.
void the_callers_stream_is_respected(bool small) {
    constexpr std::size_t bytes = 8 << 20;
    Machine machine;
    Memory source(bytes, Memory::Kind::device);
    Memory destination(bytes, Memory::Kind::device);
    cudaStream_t stream = nullptr;
    cudaEvent_t event = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    for (std::uint64_t i = 1; i <= (small ? 3u : 50u); ++i) {
        for (int again = 0; again < 8; ++again) {
            check(cudaMemsetAsync(source.data(), again == 7 ? static_cast<int>(i) : 255, bytes, stream), "memset");
        }
        check(cudaEventRecord(event, stream), "cudaEventRecord");
        check(cudaStreamWaitEvent(machine.launcher().stream(), event, 0), "cudaStreamWaitEvent");
        machine.launch({{source.address(), 0, bytes}}, destination.address(), 0, i);
        machine.wait(0, i);
        require(destination.download(bytes) == std::vector<std::byte>(bytes, static_cast<std::byte>(i)),
                "copied before the caller's stream had written");
    }
    check(cudaEventDestroy(event), "cudaEventDestroy");
    check(cudaStreamDestroy(stream), "cudaStreamDestroy");
}

}  // namespace

const std::vector<GpuTest>& kernel_gpu_tests() {
    static const std::vector<GpuTest> tests = {
        {"random plans", random_plans},
        {"piece counts around every limit", piece_counts},
        {"every misalignment", every_misalignment},
        {"layouts, gathered and scattered", layouts},
        {"zeros", zeros},
        {"host memory is there when the word is", host_memory_is_there_when_the_word_is},
        {"launches in a row", launches_in_a_row},
        {"a capture elsewhere survives", a_capture_elsewhere_survives},
        {"the caller's stream is respected", the_callers_stream_is_respected},
        {"bulk copies", bulk_copies},
    };
    return tests;
}

}  // namespace remit::gpu::test
