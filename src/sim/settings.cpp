#include "sim/settings.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace remit::sim {
namespace {

constexpr std::array<std::string_view, kFaults> kFaultNames{
    "loss",           "duplicate",      "sender_error",    "receiver_error", "crash_embedding",
    "crash_language", "stop_embedding", "stop_language",   "abort_language", "abort_embedding",
    "reject_room",    "no_send",        "refuse_register", "refuse_sink",    "disagree",
    "build_error",    "jump",           "stall",           "slow_sink",      "no_ready",
    "take_nothing",   "corrupt"};

constexpr std::array<std::string_view, kSabotages> kSabotageNames{"none",           "destroy_late",  "immediate_first",
                                                                  "drop_immediate", "idle_early",    "copied_early",
                                                                  "lose_write",     "write_too_far", "aux_of_last"};

protocol::Timing small_times() {
    protocol::Timing t;
    t.ping_period = 40 * kTick;
    t.peer_silence = 200 * kTick;
    t.room_deadline = 3000 * kTick;
    t.abort_deadline = 300 * kTick;
    t.register_deadline = 2600 * kTick;
    t.init_deadline = 1500 * kTick;
    t.park_deadline = 2500 * kTick;
    t.round_deadline = 2400 * kTick;
    t.resume_deadline = 800 * kTick;  // a receiver that waits for memory says so
    t.memory_deadline = 2800 * kTick;
    t.backstop_deadline = 5000 * kTick;
    t.close_deadline = 600 * kTick;
    t.repeat_first = 8 * kTick;
    t.repeat_most = 64 * kTick;
    return t;
}

void draw_faults(Random& random, Settings& s) {
    const std::uint32_t count = random.pick({0u, 0u, 1u, 1u, 2u, 3u, 9u});
    std::array<std::uint8_t, kFaults> order{};
    for (std::size_t i = 0; i < kFaults; ++i) order[i] = static_cast<std::uint8_t>(i);
    random.shuffle(order);
    for (std::size_t i = 0; i < count; ++i) s.faults.set(order[i]);
    // With a refused REGISTER nothing else can happen.
    if (count > 2) s.faults.reset(static_cast<std::size_t>(Fault::refuse_register));
    if (random.percent(50)) s.faults.set(static_cast<std::size_t>(Fault::loss));
}

void draw_workers(Random& random, Settings& s) {
    const std::uint32_t most_pairs = random.pick({1u, 1u, 2u});
    const std::uint32_t embeddings = random.pick({1u, 1u, 1u, 2u});
    const std::uint32_t languages = random.pick({1u, 1u, 2u, 3u, 4u});
    for (std::uint32_t i = 0; i < embeddings; ++i) {
        s.embeddings.push_back({random.pick({1u, 2u, 3u, 5u}),
                                static_cast<std::uint32_t>(random.between(1, most_pairs)),
                                random.percent(50) ? OnDeadRank::fail : OnDeadRank::go_on});
    }
    for (std::uint32_t i = 0; i < languages; ++i) {
        LanguageSettings l;
        l.block_size = random.pick({1u, 2u, 2u, 3u});
        l.blocks = static_cast<std::uint32_t>(random.between(1, 8));
        l.queue_pairs = static_cast<std::uint32_t>(random.between(1, most_pairs));
        l.credits = l.queue_pairs * random.pick({1u, 2u, 3u, 8u});
        l.arrangement = random.percent(50) ? Arrangement::slab : Arrangement::segments;
        l.overlap = random.percent(60);
        l.policy = random.pick(
            {MemoryPolicy::wait, MemoryPolicy::wait, MemoryPolicy::shrink, MemoryPolicy::shrink, MemoryPolicy::fail});
        s.languages.push_back(l);
    }
}

void set_all(Settings& s, std::initializer_list<Fault> faults) {
    s.faults.reset();
    for (const Fault fault : faults) s.faults.set(static_cast<std::size_t>(fault));
}

std::string_view name_of(MemoryPolicy policy) {
    switch (policy) {
        case MemoryPolicy::shrink: return "shrink";
        case MemoryPolicy::wait: return "wait";
        case MemoryPolicy::fail: return "fail";
    }
    return "?";
}

struct Scenario {
    std::string_view name;
    void (*apply)(Random&, Settings&);
};

constexpr std::array kScenarios{
    Scenario{"mixed", [](Random&, Settings&) {}},
    Scenario{"calm", [](Random&, Settings& s) { s.faults.reset(); }},
    Scenario{"loss",
             [](Random&, Settings& s) {
                 set_all(s, {Fault::loss, Fault::duplicate});
             }},
    Scenario{"crash",
             [](Random&, Settings& s) {
                 set_all(s, {Fault::crash_embedding, Fault::crash_language, Fault::loss});
                 s.retries = 3;
             }},
    Scenario{"abort",
             [](Random&, Settings& s) {
                 set_all(s, {Fault::abort_embedding, Fault::abort_language, Fault::reject_room, Fault::loss});
                 s.retries = 3;
             }},
    Scenario{"wire",
             [](Random&, Settings& s) {
                 set_all(s, {Fault::sender_error, Fault::receiver_error, Fault::stall});
                 s.retries = 3;
             }},
    Scenario{"memory",
             [](Random& random, Settings& s) {
                 s.faults.reset();
                 s.rooms = 8;
                 s.most_tokens = 16;
                 s.kept_percent = random.pick({0u, 30u, 60u});
                 for (LanguageSettings& l : s.languages) {
                     l.blocks = static_cast<std::uint32_t>(random.between(1, 3));
                     l.credits = l.queue_pairs * random.pick({1u, 2u});
                 }
             }},
    Scenario{"window",
             [](Random& random, Settings& s) {
                 set_all(s, {Fault::abort_language, Fault::loss, Fault::duplicate});
                 s.window = random.pick({1u, 2u, 4u, 64u});
                 s.remembered = random.pick({1u, 2u, 3u});
                 s.rooms = 8;
                 s.retries = 6;
             }},
    Scenario{"ranks",
             [](Random&, Settings& s) {
                 while (s.languages.size() < 4) s.languages.push_back(s.languages[0]);
             }},
    Scenario{"checksum",
             [](Random&, Settings& s) {
                 s.faults.set(static_cast<std::size_t>(Fault::corrupt));
                 s.retries = 3;
             }},
    Scenario{"everything",
             [](Random&, Settings& s) {
                 s.faults.set();
                 s.faults.reset(static_cast<std::size_t>(Fault::refuse_register));
                 s.steps = 300;
                 s.retries = 3;
             }},
};

}  // namespace

std::string_view to_string(Fault fault) noexcept {
    return kFaultNames[static_cast<std::size_t>(fault)];
}
std::string_view to_string(Sabotage sabotage) noexcept {
    return kSabotageNames[static_cast<std::size_t>(sabotage)];
}

std::vector<std::string_view> scenario_names() {
    std::vector<std::string_view> names;
    for (const Scenario& scenario : kScenarios) names.push_back(scenario.name);
    return names;
}

Settings draw_settings(Random& random, std::string_view scenario) {
    const auto found = std::find_if(kScenarios.begin(), kScenarios.end(),
                                    [&](const Scenario& candidate) { return candidate.name == scenario; });
    if (found == kScenarios.end()) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("scenario is \"{}\"; permitted: {}", scenario, fmt::join(scenario_names(), ", ")));
    }
    Settings s;
    s.shape.hidden = static_cast<std::uint32_t>(random.between(1, 4));
    s.shape.dtype = random.pick({DType::bf16, DType::fp8, DType::fp32});
    s.shape.deepstack = random.pick({0u, 0u, 1u, 2u});
    s.timing = small_times();
    draw_workers(random, s);
    s.round.gather = random.pick({Gather::automatic, Gather::always, Gather::never});
    s.round.max_write = random.pick({std::uint64_t{5}, std::uint64_t{64}, std::uint64_t{8} << 20});
    s.round.in_place_bytes = random.pick({1u, 16u, 64u});
    s.round.chunk_bytes = 4096;
    s.round.max_pieces = random.pick({1u, 2u, 16u});
    s.round.filler_bytes = random.pick({0u, 4096u});
    s.send_queue_depth = random.pick({1u, 2u, 4u, 16u});
    s.window = random.pick({4u, 64u, 64u});
    s.remembered = random.pick({1u, 3u, 33u, 33u});
    s.sends_at_once = random.pick({1u, 2u, 6u});
    s.kept_percent = random.percent(25) ? 60 : 0;
    s.rooms = static_cast<std::uint32_t>(random.between(1, 6));
    s.most_tokens = random.pick({3u, 6u, 12u});
    s.steps = random.pick({30u, 100u, 250u});
    s.retries = random.pick({0u, 0u, 3u});
    s.progressive_percent = random.pick({0u, 0u, 50u, 100u});
    draw_faults(random, s);
    s.checksum = random.percent(30);
    found->apply(random, s);
    if (s.has(Fault::corrupt)) s.checksum = true;
    // Here so few are remembered that a request may be forgotten before its checksums are told.
    if (s.checksum) s.window = s.remembered = 65536;
    return s;
}

std::string Settings::describe() const {
    std::string text = fmt::format(
        "hidden {} {} deepstack {}; window {}, remembered {}, depth {}, rooms {}, kept {} %, bit by bit {} %, checksum {}, faults:",
        shape.hidden, remit::to_string(shape.dtype), shape.deepstack, window, remembered, send_queue_depth, rooms, kept_percent,
        progressive_percent, checksum);
    for (std::size_t i = 0; i < kFaults; ++i) {
        if (faults.test(i)) text += fmt::format(" {}", kFaultNames[i]);
    }
    for (std::size_t i = 0; i < embeddings.size(); ++i) {
        text +=
            fmt::format("\nE{}: block size {}, queue pairs {}, on a dead rank {}", i, embeddings[i].block_size,
                        embeddings[i].queue_pairs, embeddings[i].on_dead_rank == OnDeadRank::fail ? "fail" : "go on");
    }
    for (std::size_t i = 0; i < languages.size(); ++i) {
        const LanguageSettings& l = languages[i];
        text += fmt::format("\nL{}: block size {}, {} blocks, queue pairs {}, credits {}, {}, overlap {}, policy {}", i,
                            l.block_size, l.blocks, l.queue_pairs, l.credits, remit::to_string(l.arrangement),
                            l.overlap, name_of(l.policy));
    }
    return text;
}

}  // namespace remit::sim
