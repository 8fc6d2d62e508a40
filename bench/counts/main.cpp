// Counts what a request takes and no clock need be asked for: allocations, work requests, control messages, system
// calls, memory. Says which counts are above their bounds; exit status 1 where one is.
//
//   remit_counts [--device=A,B] [--json] [--require-system-calls] [--trace-allocations]

#include "base/log.hpp"
#include "counts/allocations.hpp"
#include "counts/control_messages.hpp"
#include "counts/pair.hpp"
#include "counts/system_calls.hpp"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace counts;

constexpr int kSteady = 200;  // requests after which nothing grows any more
constexpr int kCounted = 200;

// A send region's worth at most, so that a round is one chunk.
remit::Layout small_layout(remit::Arrangement arrangement) {
    return remit::Layout::multimodal({.block_size = 16, .hidden = 256, .arrangement = arrangement});
}

// Ratchets: what there is now and a little more, not what is aimed at. Lower them with what they count.
constexpr double kAllocationsARound = 0;
constexpr double kAllocationsARequest = 0;
constexpr double kAllocationsOfKeeping = 1;  // the table that its user gets
// What two workers may take, each 1 KiB and 32 bytes a block that it names.
constexpr double kHeapARoom = 2048;
constexpr double kHeapABlock = 64;
// Of all threads but the user's; three of four are libzmq's, some 20 a message. How often threads sleep, and so how often they
// call, is a matter of timing: half as much again as there is over soft-RoCE.
constexpr double kSystemCalls = 130;
constexpr double kSystemCallsARound = 115;

struct Count {
    std::string name;
    double value;
    std::optional<double> bound;  ///< nothing: told, not judged
};

struct PerRequest {
    double allocations = 0;
    double messages = 0;
    std::optional<double> system_calls;
    double rounds = 0;
};

/// Requests in the steady state. A request whose rounds are many is moved through a pool of few blocks into a sink.
PerRequest count_requests(Pair& pair, std::uint64_t tokens, std::uint64_t expected, bool sink, bool trace) {
    for (int i = 0; i < kSteady; ++i) pair.move(tokens, expected, sink);
    const SystemCalls calls;
    const auto calls_before = calls.count();
    const std::uint64_t messages = control_messages();
    if (trace) trace_allocations(true);
    const std::uint64_t before = allocations();
    double rounds = 0;
    for (int i = 0; i < kCounted; ++i) rounds += pair.move(tokens, expected, sink).rounds;
    PerRequest result;
    result.allocations = static_cast<double>(allocations() - before) / kCounted;
    trace_allocations(false);
    result.messages = static_cast<double>(control_messages() - messages) / kCounted;
    if (calls_before) result.system_calls = static_cast<double>(*calls.count() - *calls_before) / kCounted;
    result.rounds = rounds / kCounted;
    return result;
}

/// 16 blocks of 4 segments, neighbours or every other block of the receiver's pool.
double count_writes(const std::vector<std::string>& devices, bool scattered) {
    constexpr std::uint32_t kBlocks = 16;
    const remit::Layout layout = small_layout(remit::Arrangement::slab);
    Pair pair(layout, kBlocks, 3 * kBlocks, devices);
    std::vector<remit::Reception> kept;
    for (std::uint32_t i = 0; scattered && i < 3 * kBlocks; ++i) kept.push_back(pair.keep(layout.block_size()));
    for (std::size_t i = 0; i < kept.size(); i += 3) kept[i].release();
    return static_cast<double>(pair.move(kBlocks * layout.block_size(), kBlocks * layout.block_size()).writes);
}

std::size_t live_heap() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// Heap of both workers for each room whose send has not come, and what a further block named adds to it.
std::pair<double, double> count_memory(const std::vector<std::string>& devices) {
    constexpr std::uint32_t kRooms = 1000;
    constexpr std::uint32_t kAtOnce = 10;
    constexpr std::uint32_t kFew = 1;
    constexpr std::uint32_t kMany = 33;
    const remit::Layout layout = small_layout(remit::Arrangement::segments);
    std::vector<double> a_room;
    for (const std::uint32_t blocks : {kFew, kMany}) {
        Pair pair(layout, kMany, kRooms * kMany, devices);
        for (int i = 0; i < kSteady; ++i) pair.move(layout.block_size(), layout.block_size());
        std::vector<remit::Reception> waiting;
        waiting.reserve(kRooms);
        const std::size_t before = live_heap();
        for (std::uint32_t i = 0; i < kRooms; ++i) {
            remit::ReceiveOptions options;
            options.expected_tokens = std::uint64_t{blocks} * layout.block_size();
            waiting.push_back(pair.language().receive(1'000'000 + i, pair.embedding().endpoint(), options));
            // All INITs are parked once a request that came after them is through. A few at a time: what a burst makes queues
            // grow by is no room's.
            if (i % kAtOnce == kAtOnce - 1) pair.move(layout.block_size(), layout.block_size());
        }
        a_room.push_back(static_cast<double>(live_heap() - before) / kRooms);
    }
    const double a_block = (a_room[1] - a_room[0]) / (kMany - kFew);
    return {a_room[0] - a_block * kFew, a_block};
}

std::vector<Count> count_all(const std::vector<std::string>& devices, bool trace) {
    const remit::Layout layout = small_layout(remit::Arrangement::segments);
    std::vector<Count> counts;
    {
        Pair pair(layout, 64, 8, devices);
        const std::uint64_t pool = 8 * layout.block_size();
        const PerRequest one = count_requests(pair, pool, pool, true, trace);
        const PerRequest many = count_requests(pair, 8 * pool, pool, true, false);
        const PerRequest kept = count_requests(pair, pool, pool, false, false);
        const double more_rounds = many.rounds - one.rounds;
        counts.push_back({"allocations a further round", (many.allocations - one.allocations) / more_rounds, kAllocationsARound});
        counts.push_back({"allocations a request of one round", one.allocations, kAllocationsARequest});
        counts.push_back({"allocations a request whose blocks are kept", kept.allocations, kAllocationsOfKeeping});
        counts.push_back({"control messages a request of one round", one.messages, 3});
        counts.push_back({"control messages a further round", (many.messages - one.messages) / more_rounds, 3});
        if (one.system_calls) {
            counts.push_back({"system calls a request of one round", *one.system_calls, kSystemCalls});
            counts.push_back({"system calls a further round", (*many.system_calls - *one.system_calls) / more_rounds, kSystemCallsARound});
        }
    }
    counts.push_back({"work requests, 16 scattered blocks of 4 segments, slab", count_writes(devices, true), 16});
    counts.push_back({"work requests, 16 neighbours", count_writes(devices, false), 1});
    const auto [a_room, a_block] = count_memory(devices);
    counts.push_back({"heap bytes a room of both workers", a_room, kHeapARoom});
    counts.push_back({"heap bytes a block named", a_block, kHeapABlock});
    return counts;
}

bool is_exceeded(const Count& count) { return count.bound && count.value > *count.bound + 0.05; }

void tell_json(const std::vector<Count>& counts) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Count& count : counts) {
        json.push_back({{"name", count.name}, {"value", count.value}});
        if (count.bound) json.back()["bound"] = *count.bound;
    }
    std::printf("%s\n", json.dump().c_str());
}

/// A line a count; true where all are within their bounds.
bool tell(const std::vector<Count>& counts, bool json, bool system_calls_wanted) {
    bool good = true;
    bool system_calls = false;
    for (const Count& count : counts) {
        const bool exceeded = is_exceeded(count);
        system_calls |= count.name.rfind("system calls", 0) == 0;
        good &= !exceeded;
        if (json) continue;
        std::printf("%-8s%-58s %10.2f", exceeded ? "ABOVE" : count.bound ? "ok" : "", count.name.c_str(), count.value);
        if (count.bound) std::printf("  bound %.0f", *count.bound);
        std::printf("\n");
    }
    if (json) tell_json(counts);
    if (system_calls_wanted && !system_calls) {
        std::fprintf(stderr, "ABOVE   system calls cannot be counted here: root and a kernel with tracefs are needed\n");
        return false;
    }
    return good;
}

std::vector<std::string> devices_of(const std::string& value) {
    const std::size_t comma = value.find(',');
    if (comma == std::string::npos) return {value, value};
    return {value.substr(0, comma), value.substr(comma + 1)};
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> devices;
    bool system_calls_wanted = false;
    bool trace = false;
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.rfind("--device=", 0) == 0) {
            devices = devices_of(argument.substr(9));
        } else if (argument == "--require-system-calls") {
            system_calls_wanted = true;
        } else if (argument == "--json") {
            json = true;
        } else if (argument == "--trace-allocations") {
            trace = true;
        } else {
            std::cerr << "usage: remit_counts [--device=A,B] [--json] [--require-system-calls] [--trace-allocations]\n";
            return 2;
        }
    }
    remit::log().set_level(spdlog::level::off);  // rooms are given up here on purpose, by the hundred
    watch_allocations();
    try {
        return tell(count_all(devices, trace), json, system_calls_wanted) ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "remit_counts: " << error.what() << "\n";
        return 1;
    }
}
