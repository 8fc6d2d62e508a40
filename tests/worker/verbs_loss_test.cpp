// A link that loses, doubles and reorders packets: every byte is right all the same.

#include "processes.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace remit::worker::test {
namespace {

/// netem on both ends of the link while it lives.
class Disturbed {
public:
    explicit Disturbed(const std::string& how) {
        for (const std::string& netdev : netdevs())
            run("tc qdisc replace dev " + netdev + " root netem limit 100000 " + how);
    }
    ~Disturbed() {
        for (const std::string& netdev : netdevs()) run("tc qdisc del dev " + netdev + " root");
    }
    Disturbed(const Disturbed&) = delete;
    Disturbed& operator=(const Disturbed&) = delete;

private:
    static void run(const std::string& command) { EXPECT_EQ(std::system(command.c_str()), 0) << command; }
};

std::uint64_t counter(const std::string& device, const std::string& name) {
    std::ifstream file("/sys/class/infiniband/" + device + "/ports/1/hw_counters/" + name);
    std::uint64_t value = 0;
    file >> value;
    return value;
}

std::uint64_t disturbances() {
    std::uint64_t sum = 0;
    for (std::size_t side = 0; side < 2; ++side) {
        for (const char* name : {"rcvd_seq_err", "out_of_seq_request", "duplicate_request", "retry_exceeded_err",
                                 "completer_retry_err", "send_err"}) {
            sum += counter(device_name(side), name);
        }
    }
    return sum;
}

Transfer resumed() {
    Transfer transfer;
    transfer.contents = {{1, 2000}, {2, 3000}, {3, 700}};
    transfer.language_blocks = 12;
    return transfer;
}

TEST(VerbsLoss, OnePercentLostAndEveryByteIsRight) {
    const Disturbed link("loss 1%");
    const std::uint64_t before = disturbances();
    resumed().expect_success();
    EXPECT_GT(disturbances(), before) << "no packet was lost: this proved nothing";
}

TEST(VerbsLoss, OnePercentLostOnSeveralQueuePairs) {
    const Disturbed link("loss 1%");
    Transfer transfer = resumed();
    transfer.embedding.fabric.queue_pairs = 2;
    transfer.language.fabric.queue_pairs = 2;
    transfer.expect_success();
}

TEST(VerbsLoss, PacketsTwiceAndOutOfOrder) {
    const Disturbed link("delay 200us duplicate 2% reorder 5% 25%");
    Transfer transfer;
    transfer.contents = {{1, 1000}};
    transfer.expected = 512;
    transfer.expect_success();
}

}  // namespace
}  // namespace remit::worker::test
