#include "side.hpp"

#include "base/descriptor.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <exception>
#include <thread>

namespace remit::fabric::test {
namespace {

/// Each side in a thread with a fabric of its own, in one network.
void run_side(int socket, const std::string& network, const std::function<void(Side&)>& body) {
    try {
        Side side(socket, open_loopback(network));
        body(side);
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    ::shutdown(socket, SHUT_WR);  // the other side, if it waits, learns of it
}

void run(const Case& test) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    const Descriptor a(pair[0]);
    const Descriptor b(pair[1]);
    std::thread sender(run_side, a.get(), test.name, test.sender);
    std::thread receiver(run_side, b.get(), test.name, test.receiver);
    sender.join();
    receiver.join();
}

class LoopbackConformance : public testing::TestWithParam<Case> {};

TEST_P(LoopbackConformance, Holds) {
    run(GetParam());
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Patient, LoopbackConformance, testing::ValuesIn(conformance_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Impatient, LoopbackConformance, testing::ValuesIn(impatient_cases()), name_of);

}  // namespace
}  // namespace remit::fabric::test
