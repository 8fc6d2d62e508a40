// An embedding worker that sends one request and ends.
//
//     remit_example_minimal_sender control.listen=tcp://10.0.0.5:7700 control.insecure=true
//
// Arguments are options by name; the endpoint is printed for the receiver. Without arguments it listens on this machine alone.

#include "example.hpp"

int main(int argc, char** argv) {
    return example::run([&] {
        constexpr remit::RoomId kRoom = 1;
        constexpr std::uint64_t kTokens = 2000;
        example::Tensors tensors(kTokens);  // longer than the worker, which reads them
        tensors.fill(kRoom);
        remit::EmbeddingWorker worker(example::config_of(argc, argv, 1).embedding, example::layout(), /*pool_blocks=*/1);
        std::printf("%s\n", worker.endpoint().c_str());
        std::fflush(stdout);

        const remit::Send send = worker.send(kRoom, remit::ContiguousSource{tensors.addresses<const void*>()}, kTokens);
        send.wait_for(std::chrono::seconds(60));
        if (send.poll() != remit::Status::Success) {
            std::fprintf(stderr, "not sent: %s\n", send.reason().c_str());
            return 1;
        }
        std::printf("%llu tokens sent in %u rounds\n", static_cast<unsigned long long>(kTokens), send.rounds());
        worker.stop(std::chrono::seconds(1));  // what the receiver still asks is answered
        return 0;
    });
}
