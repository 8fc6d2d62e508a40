#pragma once

#include "layout/block_map.hpp"
#include "protocol/codec.hpp"
#include "protocol/messages.hpp"

#include <random>
#include <string>

namespace remit::protocol {

/// Random messages of every kind, all of them legal.
class MessageSamples {
public:
    explicit MessageSamples(std::uint64_t seed) : random_(seed) {}

    static constexpr int kToEmbedding = 8;
    static constexpr int kToLanguage = 7;  ///< three of them are REGISTERED's

    ToEmbedding to_embedding(int kind) {
        switch (kind) {
            case 0: return registration();
            case 1: return Init{room(), from(), attempt(), blocks(), required(), number()};
            case 2: return Resume{room(), from(), attempt(), blocks(), required(), number(), number()};
            case 3: return Abort{room(), from(), attempt(), below(2) == 0 ? AbortKind::abort : AbortKind::yield,
                                 below(2) == 0 ? text(64) : ""};
            case 4: return Close{from(), id(), text(1024)};
            case 5: return Ping{from(), id(), number(), number()};
            case 6: return ForeignRegister{from(), id(), "remit/" + std::to_string(2 + below(1000))};
            default: return Pong{from(), id(), number(), number(), number()};
        }
    }

    ToLanguage to_language(int kind) {
        switch (kind) {
            case 0: return Registered{number(), number(), number(), Registered::Accepted{queue_pairs(), limits(), {text(64), text(64)}}};
            case 1: return Registered{number(), number(), number(), Registered::Refused{text(1024)}};
            case 2: return Registered{number(), number(), number(), Registered::Lost{text(1024)}};
            case 3:
                return StatusReport{room(), static_cast<Status>(below(5)), number(), number(), number(), text(64),
                                    id(),   static_cast<SenderAnswer>(below(6)), checksums()};
            case 4: {
                Aborted m{room(), below(2) == 0, {}, id()};
                if (below(3) != 0) m.rounds = number();
                return m;
            }
            case 5: return Ping{from(), id(), number(), number()};
            default: return Pong{from(), id(), number(), number(), number()};
        }
    }

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    /// Any 64-bit number, of any length, both ends included.
    std::uint64_t number() {
        switch (below(8)) {
            case 0: return 0;
            case 1: return ~std::uint64_t{0};
            default: return random_() >> below(64);
        }
    }

private:
    RoomId room() { return number() & kMaxRoomId; }
    PeerAddress from() {
        const std::string ips[] = {"10.0.0.5", "::1", "fd00::A:b", "255.255.255.255"};
        return {ips[below(4)], static_cast<std::uint16_t>(1 + below(65535))};
    }
    SessionId id() { return {number(), number(), number(), number()}; }
    SessionId attempt() { return {number(), number(), 1 + (number() >> 1), number()}; }
    std::uint32_t required() { return static_cast<std::uint32_t>(1 + below(65536)); }
    PeerLimits limits() { return {1 + below(~std::uint64_t{0})}; }

    plan::Checksums checksums() {
        plan::Checksums sums(below(9));
        for (std::uint32_t& sum : sums) sum = static_cast<std::uint32_t>(number());
        return sums;
    }

    BlockTable blocks() {
        BlockTable table(below(20));
        for (BlockId& block : table) block = static_cast<BlockId>(random_() >> below(64));
        return table;
    }

    std::string text(std::size_t most) {
        std::string out(below(most + 1), ' ');
        for (char& c : out) c = static_cast<char>(' ' + static_cast<char>(below(95)));
        return out;
    }

    std::vector<QueuePairAddress> queue_pairs(std::uint64_t rails = kMaxRails) {
        std::vector<QueuePairAddress> out(1 + below(16));
        for (QueuePairAddress& qp : out) {
            qp = {static_cast<std::uint32_t>(below(1u << 24)),
                  static_cast<std::uint32_t>(below(1u << 24)),
                  256u << below(5),
                  static_cast<std::uint16_t>(below(65536)),
                  {}};
            for (std::uint8_t& byte : qp.gid) byte = static_cast<std::uint8_t>(below(256));
            qp.rail = static_cast<std::uint32_t>(below(rails));
        }
        return out;
    }

    Register registration() {
        Register m{from(), id(), {}, {}, {}, limits(), {text(64), text(64)}};
        constexpr DType types[] = {DType::bf16, DType::fp16, DType::fp32, DType::fp8};
        m.layout = {static_cast<std::uint32_t>(1 + below(65536)), static_cast<std::uint32_t>(1 + below(1u << 20)),
                    types[below(4)], static_cast<std::uint32_t>(below(65)),
                    below(2) == 0 ? Arrangement::slab : Arrangement::segments};
        m.pool = {static_cast<std::uint32_t>(random_()), m.layout.block_size, m.layout.arrangement, {}, {}};
        for (std::uint64_t i = 0; i < 4 + below(2); ++i) {
            m.pool.segments.push_back({number(), number(), number(), static_cast<std::uint32_t>(random_())});
        }
        for (std::uint64_t i = 0; i < below(5); ++i) {
            m.pool.registrations.push_back({number(), number(), static_cast<std::uint32_t>(random_())});
        }
        const std::uint64_t rails = m.pool.registrations.empty() ? 1 : 1 + below(kMaxRails);
        for (Registration& registration : m.pool.registrations) {
            while (registration.further_keys.size() + 1 < rails) {
                registration.further_keys.push_back(static_cast<std::uint32_t>(random_()));
            }
        }
        m.queue_pairs = queue_pairs(rails);
        return m;
    }

    std::mt19937_64 random_;
};

}  // namespace remit::protocol
