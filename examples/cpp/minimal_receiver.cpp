// A language worker that asks for one request, compares every byte, and ends.
//
//     remit_example_minimal_receiver tcp://10.0.0.5:7700 control.listen=tcp://10.0.0.6:0 control.insecure=true
//
// First the sender's endpoint, then options by name.

#include "example.hpp"

#include <optional>

int main(int argc, char** argv) {
    return example::run([&] {
        if (argc < 2) {
            std::fprintf(stderr, "usage: %s ENDPOINT [name=value]...\n", argv[0]);
            return 2;
        }
        constexpr remit::RoomId kRoom = 1;
        std::optional<example::Tensors> tensors;  // the sink makes them when the length is known
        remit::LanguageWorker worker(example::config_of(argc, argv, 2).language, example::layout(), /*pool_blocks=*/64);
        const remit::Reception reception = worker.receive(
            kRoom, argv[1], {.expected_tokens = 1024, .into = [&](std::uint64_t total) {
                                 tensors.emplace(total);
                                 return remit::SinkTensors{tensors->addresses<void*>()};
                             }});
        reception.wait_for(std::chrono::seconds(60));
        if (reception.poll() != remit::Status::Success) {
            std::fprintf(stderr, "not received: %s\n", reception.reason().c_str());
            worker.stop();  // before the tensors go
            return 1;
        }
        const bool whole = tensors->has_all_of(kRoom);
        std::printf("%llu tokens in %u rounds: %s\n", static_cast<unsigned long long>(reception.total_tokens()),
                    reception.rounds(), whole ? "every byte verified" : "WRONG");
        return whole ? 0 : 1;
    });
}
