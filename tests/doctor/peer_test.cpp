#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <remit/error.hpp>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <thread>

#include "shapes.hpp"
#include "tools/doctor/peer/facts.hpp"
#include "tools/doctor/peer/line_channel.hpp"

/// What two doctors tell each other, and what they make of it.
namespace remit::tools::doctor::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

EndFacts an_end() {
    EndFacts end;
    end.device = "mlx5_0";
    end.port = 1;
    end.mtu = 4096;
    end.gid = "::ffff:10.0.0.5";
    end.netdev = "eth0";
    end.gigabits = 100;
    return end;
}

/// 100 requests of each size at so many Gb/s.
DirectionMeasured a_direction(double gigabits) {
    DirectionMeasured direction;
    for (const std::uint64_t bytes : {8192U, 65536U, 1U << 20, 16U << 20}) {
        direction.sizes.push_back({bytes, 100, static_cast<double>(bytes) * 8e-9 / gigabits});
    }
    return direction;
}

std::vector<Finding> transfers(const DirectionMeasured& received, const EndFacts& own = an_end()) {
    return check_transfers(own, an_end(), received, a_direction(90));
}

TEST(DoctorPeer, EndsThatFitAreOk) {
    EndFacts peer = an_end();
    peer.gid = "::ffff:10.0.0.6";
    EXPECT_EQ(worst(check_ends(an_end(), peer)), Verdict::ok);
    EXPECT_EQ(worst(transfers(a_direction(90))), Verdict::ok);
}

TEST(DoctorPeer, LinkLayersThatDiffer) {
    EndFacts peer = an_end();
    peer.ethernet = false;
    peer.gid = "";
    expect_planted(check_ends(an_end(), peer), "peer.link", Verdict::problem, "", "--device");
}

TEST(DoctorPeer, AnEndWithoutAPort) {
    EndFacts peer = an_end();
    peer.problem = "no RDMA device";
    expect_planted(check_ends(an_end(), peer), "peer.link", Verdict::problem, "the peer: no RDMA device", "");
}

TEST(DoctorPeer, GidsOfTwoKinds) {
    EndFacts peer = an_end();
    peer.gid = "fd00::6";
    expect_planted(check_ends(an_end(), peer), "peer.gid", Verdict::problem, "", "--gid-index");
}

TEST(DoctorPeer, MtusThatDiffer) {
    EndFacts peer = an_end();
    peer.mtu = 1024;
    peer.netdev = "eth7";
    expect_planted(check_ends(an_end(), peer), "peer.mtu", Verdict::warning, "", "ip link set eth7 mtu 4200 there");
}

TEST(DoctorPeer, NothingArrives) {
    DirectionMeasured received = a_direction(90);
    for (SizeMeasured& size : received.sizes) size.requests = 0;
    received.reason = "no answer";
    const Finding finding = find(transfers(received), "peer.receive");
    EXPECT_EQ(finding.verdict, Verdict::problem);
    EXPECT_THAT(finding.found, HasSubstr("nothing arrives: no answer"));
    EXPECT_THAT(finding.remedy, HasSubstr("ping -I eth0 10.0.0.5"));
    EXPECT_THAT(finding.remedy, HasSubstr("UDP 4791"));
    EXPECT_EQ(find(transfers(received), "peer.send").verdict, Verdict::ok);
}

TEST(DoctorPeer, LargeRequestsAloneDoNotArrive) {
    DirectionMeasured received = a_direction(90);
    received.sizes[2].requests = received.sizes[3].requests = 0;
    received.reason = "transport retry counter exceeded";
    expect_planted(transfers(received), "peer.receive", Verdict::problem, "up to 65536 B arrive, 1048576 B do not",
                   "-M do -s 4128");
}

TEST(DoctorPeer, AWrongByteIsAProblemThoughAllArrived) {
    DirectionMeasured received = a_direction(90);
    received.reason = "row 3 of embeddings differs";
    expect_planted(transfers(received), "peer.receive", Verdict::problem, "row 3", "");
}

TEST(DoctorPeer, GoodputIsJudgedByTheSlowerPort) {
    EXPECT_EQ(find(transfers(a_direction(51)), "peer.goodput", "received").verdict, Verdict::ok);
    const Finding slow = find(transfers(a_direction(20)), "peer.goodput", "received");
    EXPECT_EQ(slow.verdict, Verdict::warning);
    EXPECT_THAT(slow.found, HasSubstr("20 % of 100 Gb/s"));
    EndFacts narrow = an_end();
    narrow.gigabits = 25;
    EXPECT_EQ(find(transfers(a_direction(20), narrow), "peer.goodput", "received").verdict, Verdict::ok);
    narrow.software = true;
    EXPECT_THAT(find(transfers(a_direction(1), narrow), "peer.goodput", "received").found, HasSubstr("software"));
}

TEST(DoctorPeer, ASlowShortRequestIsAWarning) {
    DirectionMeasured received = a_direction(90);
    received.sizes[0].seconds = 0.002;
    EXPECT_EQ(find(transfers(received), "peer.latency", "received").verdict, Verdict::warning);
    EXPECT_THAT(find(transfers(received), "peer.latency", "received").found, HasSubstr("2000.0 us"));
}

TEST(DoctorPeer, LinesCarryAllOfIt) {
    EXPECT_EQ(end_facts_of(to_line(an_end())), an_end());
    DirectionMeasured direction = a_direction(40);
    direction.reason = "why";
    EXPECT_EQ(direction_of(to_line(direction)), direction);
}

TEST(DoctorPeer, WhatAStrangerSaysIsRefused) {
    for (const char* line :
         {"", "hello", "{}", "[]", R"({"remit_doctor":2})", R"({"remit_doctor":1})",
          R"({"remit_doctor":1,"reason":5,"sizes":[]})", R"({"remit_doctor":1,"reason":"","sizes":{}})",
          R"({"remit_doctor":1,"reason":"","sizes":[{"bytes":1,"requests":1,"seconds":-1}]})"}) {
        EXPECT_THROW(static_cast<void>(direction_of(line)), Error) << line;
        EXPECT_THROW(static_cast<void>(end_facts_of(line)), Error) << line;
    }
}

TEST(DoctorPeer, TextOfThePeerCannotSteerATerminal) {
    EndFacts hostile = an_end();
    hostile.problem = "\033[2Jgone\n" + std::string(5000, 'x');
    const EndFacts read = end_facts_of(to_line(hostile));
    EXPECT_THAT(read.problem, Not(HasSubstr("\033")));
    EXPECT_LE(read.problem.size(), 1024u);
}

TEST(DoctorPeer, TheFactsOfAnEndAreAWorkersChoice) {
    RecordedMachine recorded;
    NicRecord nic;
    nic.name = "rxe0";
    recorded.nic(nic);
    const EndFacts facts = end_facts(recorded.machine);
    EXPECT_EQ(facts.problem, "");
    EXPECT_EQ(facts.device, "rxe0");
    EXPECT_EQ(facts.gid, "::ffff:10.0.0.5");
    EXPECT_EQ(facts.netdev, "eth0");
    EXPECT_TRUE(facts.software);
    recorded.machine.wanted.device = "rxe7";
    EXPECT_THAT(end_facts(recorded.machine).problem, HasSubstr("rxe7"));
}

TEST(DoctorPeer, PlacesOfPeers) {
    const auto text = [](const char* place) {
        const auto parsed = host_port_of(place, 7700);
        return parsed ? parsed->host + " " + std::to_string(parsed->port) : "none";
    };
    EXPECT_EQ(text("10.0.0.5"), "10.0.0.5 7700");
    EXPECT_EQ(text("node7:9000"), "node7 9000");
    EXPECT_EQ(text("tcp://10.0.0.5:7000"), "10.0.0.5 7000");
    EXPECT_EQ(text("[fd00::5]:9000"), "fd00::5 9000");
    EXPECT_EQ(text("fd00::5"), "fd00::5 7700");
    for (const char* bad :
         {"", ":7700", "node7:", "node7:0", "node7:65534", "node7:12x", "[fd00::5", "[fd00::5]9000"}) {
        EXPECT_EQ(text(bad), "none") << bad;
    }
}

struct Pair {
    Pair() {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0)
            throw std::runtime_error("no socket pair");
        a.emplace(Descriptor(ends[0]));
        b.emplace(Descriptor(ends[1]));
    }
    std::optional<LineChannel> a;
    std::optional<LineChannel> b;
    Stop stop{static_cast<const Stop*>(nullptr)};
};

TEST(DoctorLineChannel, LinesArriveWholeAndInOrder) {
    Pair pair;
    pair.a->send("one");
    pair.a->send("two");
    EXPECT_EQ(pair.b->receive(milliseconds(5000), pair.stop), "one");
    EXPECT_EQ(pair.b->receive(milliseconds(5000), pair.stop), "two");
}

TEST(DoctorLineChannel, AnEndThatIsGoneSilentOrEndlessIsAnError) {
    Pair silent;
    EXPECT_THROW(static_cast<void>(silent.b->receive(milliseconds(10), silent.stop)), Error);
    Pair gone;
    gone.a.reset();
    EXPECT_THROW(static_cast<void>(gone.b->receive(milliseconds(5000), gone.stop)), Error);
    Pair stopped;
    stopped.stop.request();
    EXPECT_THROW(static_cast<void>(stopped.b->receive(milliseconds(5000), stopped.stop)), Error);
    Pair endless;
    std::thread writer([&] {
        try {
            endless.a->send(std::string(LineChannel::kMostBytes + 8192, 'x'));
        } catch (const Error&) {  // the reader may have gone
        }
    });
    EXPECT_THROW(static_cast<void>(endless.b->receive(milliseconds(20000), endless.stop)), Error);
    endless.b.reset();
    writer.join();
}

TEST(DoctorLineChannel, NobodyListensIsTold) {
    const Reached reached = connect_to({"127.0.0.1", 1}, milliseconds(2000));
    EXPECT_FALSE(reached.channel.has_value());
    EXPECT_EQ(reached.error, ECONNREFUSED);
}

}  // namespace
}  // namespace remit::tools::doctor::test
