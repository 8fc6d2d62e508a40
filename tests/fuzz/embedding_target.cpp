// A whole embedding worker on the loopback fabric, fed sequences of messages while its users and the network do what they do.

#include "world.hpp"

#include "base/log.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    remit::log().set_level(spdlog::level::off);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    remit::fuzz::World(remit::fuzz::Target::embedding, {data, size}).run();
    return 0;
}
