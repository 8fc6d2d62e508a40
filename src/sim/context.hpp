#pragma once

#include "protocol/time.hpp"
#include "sim/fabric.hpp"
#include "sim/memory.hpp"
#include "sim/network.hpp"
#include "sim/random.hpp"
#include "sim/reduction.hpp"
#include "sim/settings.hpp"
#include "sim/statistics.hpp"
#include "sim/trace.hpp"
#include "sim/users.hpp"

#include <string>

namespace remit::sim {

/// What several hosts share: the world around the two state machines.
struct Context {
    Context(std::uint64_t seed, std::string_view scenario, Sabotage sabotage, bool words, const Reduction& reduction)
        : random(seed), trace(words), settings(draw_settings(random, scenario)), users(*this) {
        settings.sabotage = sabotage;
        reduction.apply(settings);
        if (reduction.salt != 0) random = Random(seed ^ reduction.salt << 48);
        users.retries = settings.retries;
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Random random;
    Trace trace;
    Settings settings;
    protocol::Time now{};
    Memory memory;
    Fabric fabric;
    Network network;
    Users users;
    Statistics statistics;
    std::uint64_t next_life = 1;

    [[nodiscard]] std::uint32_t place_of_embedding(std::uint32_t index) const { return index; }
    [[nodiscard]] std::uint32_t place_of_language(std::uint32_t index) const {
        return static_cast<std::uint32_t>(settings.embeddings.size()) + index;
    }
    [[nodiscard]] static protocol::PeerAddress address_of(Place place) {
        return {"10.0.0.1", static_cast<std::uint16_t>(1000 + place)};
    }
    [[nodiscard]] static Place place_at(const protocol::PeerAddress& address) { return address.port - 1000u; }
    [[nodiscard]] std::string name_of(Place place) const {
        const std::size_t embeddings = settings.embeddings.size();
        return place < embeddings ? fmt::format("E{}", place) : fmt::format("L{}", place - embeddings);
    }
    [[nodiscard]] auto reader() {
        return [this](std::uint64_t address, std::uint64_t bytes) -> const void* { return memory.at(address, bytes); };
    }
    void count(Fault fault) { ++statistics.faults[static_cast<std::size_t>(fault)]; }
    /// The layout of a worker with blocks of that size.
    [[nodiscard]] Layout::Shape shape(std::uint32_t block_size, Arrangement arrangement) const {
        Layout::Shape shape = settings.shape;
        shape.block_size = block_size;
        shape.arrangement = arrangement;
        return shape;
    }
};

}  // namespace remit::sim
