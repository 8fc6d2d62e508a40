// Both workers in one process, on a laptop: the loopback fabric needs no RDMA device, and is this process's alone. What
// minimal_sender and minimal_receiver do in two.

#include "example.hpp"

#include <optional>

int main() {
    return example::run([] {
        constexpr remit::RoomId kRoom = 1;
        constexpr std::uint64_t kTokens = 2000;
        example::Tensors source(kTokens);
        source.fill(kRoom);
        std::optional<example::Tensors> tensors;
        remit::FabricOptions loopback;
        loopback.kind = remit::FabricKind::loopback;
        remit::EmbeddingWorker embedding({.fabric = loopback}, example::layout(), 1);
        remit::LanguageWorker language({.fabric = loopback}, example::layout(), 64);

        // Whichever comes first waits for the other.
        const remit::Reception reception = language.receive(
            kRoom, embedding.endpoint(), {.expected_tokens = 1024, .into = [&](std::uint64_t total) {
                                              tensors.emplace(total);
                                              return remit::SinkTensors{tensors->addresses<void*>()};
                                          }});
        const remit::Send send = embedding.send(kRoom, remit::ContiguousSource{source.addresses<const void*>()}, kTokens);
        if (reception.wait_for(std::chrono::seconds(60)) != remit::Status::Success) {
            std::fprintf(stderr, "not received: %s\n", reception.reason().c_str());
            return 1;
        }
        const bool whole = tensors->has_all_of(kRoom) && send.wait_for(std::chrono::seconds(60)) == remit::Status::Success;
        std::printf("%llu tokens in %u rounds: %s\n", static_cast<unsigned long long>(reception.total_tokens()),
                    reception.rounds(), whole ? "every byte verified" : "WRONG");
        return whole ? 0 : 1;
    });
}
