// Moves one request between the two workers over the loopback fabric, resumed on its way, and compares every byte; then
// sees that what the library throws is caught by its type.

#include <remit/remit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>

namespace {

constexpr std::uint64_t kTokens = 100;
constexpr std::uint64_t kGuess = 40;
constexpr remit::RoomId kRoom = 7;
constexpr std::chrono::seconds kPatience{60};

/// What byte `at` of a row is to be: another one in each segment, plane, token and place.
std::byte expected(std::size_t segment, std::uint32_t plane, std::uint64_t token, std::uint64_t at) {
    const std::uint64_t mixed = (segment * 1000003 + plane * 10007 + token * 101 + at + 1) * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::byte>(mixed >> 56);
}

/// Calls visit(segment, plane, token) for every row but the aux.
template <typename Visit>
void for_each_row(const remit::Layout& layout, const Visit& visit) {
    for (std::size_t segment = 0; segment < layout.segments().size(); ++segment) {
        if (layout.segments()[segment].once_per_request) continue;
        for (std::uint32_t plane = 0; plane < layout.segments()[segment].planes; ++plane) {
            for (std::uint64_t token = 0; token < kTokens; ++token) visit(segment, plane, token);
        }
    }
}

std::uint64_t wrong_bytes(const remit::LanguageWorker& worker, const remit::BlockTable& table) {
    const remit::Layout& layout = worker.layout();
    std::uint64_t wrong = 0;
    for_each_row(layout, [&](std::size_t segment, std::uint32_t plane, std::uint64_t token) {
        const std::byte* row = worker.row(segment, table[token / layout.block_size()], plane, token % layout.block_size());
        for (std::uint64_t at = 0; at < layout.segments()[segment].token_bytes; ++at) {
            wrong += row[at] != expected(segment, plane, token, at);
        }
    });
    return wrong;
}

int move_one_request() {
    const remit::Layout layout = remit::Layout::multimodal({.block_size = 16, .hidden = 64, .deepstack = 1});
    remit::EmbeddingWorkerOptions embedding_options;
    embedding_options.fabric.kind = remit::FabricKind::loopback;
    remit::EmbeddingWorker embedding(embedding_options, layout, 8);
    remit::LanguageWorkerOptions language_options;
    language_options.fabric.kind = remit::FabricKind::loopback;
    remit::LanguageWorker language(language_options, layout, 16);

    const remit::BlockTable source = embedding.pool().allocate(kTokens);
    for_each_row(layout, [&](std::size_t segment, std::uint32_t plane, std::uint64_t token) {
        std::byte* row = embedding.pool().row(segment, source[token / 16], plane, token % 16);
        for (std::uint64_t at = 0; at < layout.segments()[segment].token_bytes; ++at) {
            row[at] = expected(segment, plane, token, at);
        }
    });
    const remit::Send send = embedding.send(kRoom, source, kTokens);
    const remit::Reception request = language.receive(kRoom, embedding.endpoint(), {.expected_tokens = kGuess});
    if (request.wait_for(kPatience) != remit::Status::Success || send.wait_for(kPatience) != remit::Status::Success) {
        std::cerr << "consumer: " << request.reason() << " / " << send.reason() << '\n';
        return 1;
    }
    const std::uint64_t wrong = wrong_bytes(language, request.table());
    std::cout << request.total_tokens() << " tokens, " << request.rounds() << " rounds, " << wrong << " bytes wrong\n";
    return request.total_tokens() == kTokens && request.rounds() > 1 && wrong == 0 ? 0 : 1;
}

bool error_is_caught() {
    try {
        static_cast<void>(remit::Layout::multimodal({.hidden = 0}));
    } catch (const remit::Error& error) {
        return error.kind() == remit::ErrorKind::bad_argument;
    } catch (...) {
        std::cerr << "consumer: what the library threw is no remit::Error here\n";
    }
    return false;
}

}  // namespace

int main() { return error_is_caught() ? move_one_request() : 1; }
