// Metrics over HTTP, as a scraper sees them.

#include <gmock/gmock.h>
#include <httplib.h>

#include <remit/error.hpp>

#include <signal.h>

#include <atomic>
#include <chrono>
#include <string>

#include "metrics/exposition.hpp"
#include "running_command.hpp"
#include "tools/observe/metrics_server.hpp"
#include "tools/observe/pulse.hpp"

namespace remit::tools::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using std::chrono::milliseconds;
using std::chrono::seconds;

Metrics turned(double turns) {
    return {{{.name = "remit_loop_turns_total",
              .help = "Turns.",
              .type = MetricType::counter,
              .samples = {{.labels = {{"worker", "language"}}, .value = turns}}}}};
}

httplib::Client client_of(const std::string& url) {
    httplib::Client client(url);
    client.set_read_timeout(60);
    return client;
}

TEST(HttpAddress, IsANumericAddressAndAPort) {
    const auto v4 = http_address_from("127.0.0.1:9464");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->host, "127.0.0.1");
    EXPECT_EQ(v4->port, 9464);
    const auto v6 = http_address_from("[::1]:0");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::1");
    EXPECT_EQ(v6->port, 0);
    for (const char* wrong : {"", "9464", ":9464", "localhost:9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9464",
                              "[127.0.0.1]:1", "127.0.0.1:1x", "http://127.0.0.1:1"}) {
        EXPECT_FALSE(http_address_from(wrong)) << wrong;
    }
}

TEST(MetricsServer, AnswersScrapesAndProbesOnAPortOfItsOwn) {
    std::atomic<int> turns{0};
    const MetricsServer server({"127.0.0.1", 0}, [&] { return turned(++turns); });
    EXPECT_THAT(server.url(), StartsWith("http://127.0.0.1:"));
    auto client = client_of(server.url());
    const auto scraped = client.Get("/metrics");
    ASSERT_TRUE(scraped);
    EXPECT_EQ(scraped->status, 200);
    EXPECT_EQ(scraped->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(scraped->body,
              "# HELP remit_loop_turns_total Turns.\n# TYPE remit_loop_turns_total counter\n"
              "remit_loop_turns_total{worker=\"language\"} 1\n");
    const auto probed = client.Get("/healthz");
    ASSERT_TRUE(probed);
    EXPECT_EQ(probed->status, 200);
    EXPECT_EQ(probed->body, "ok\n");
    EXPECT_EQ(client.Get("/")->status, 404);
    EXPECT_EQ(client.Post("/metrics", "x", "text/plain")->status, 404);
}

TEST(MetricsServer, SaysThatItIsNotWell) {
    const MetricsServer server({"127.0.0.1", 0}, [] { return Metrics{}; });
    const auto probed = client_of(server.url()).Get("/healthz");
    ASSERT_TRUE(probed);
    EXPECT_EQ(probed->status, 503);
    EXPECT_EQ(probed->body, "no worker\n");
}

TEST(MetricsServer, APortThatIsTakenIsAnErrorWithARemedy) {
    const MetricsServer first({"127.0.0.1", 0}, [] { return Metrics{}; });
    const std::string url = first.url();
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    try {
        const MetricsServer second({"127.0.0.1", port}, [] { return Metrics{}; });
        FAIL() << "both listen on port " << port;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment);
        EXPECT_THAT(error.what(), HasSubstr("--metrics"));
        EXPECT_THAT(error.what(), HasSubstr(std::to_string(port)));
    }
}

TEST(Pulse, IsThereAsLongAsEveryWorkerTurnsNowAndThen) {
    Pulse pulse;
    const Pulse::Clock::time_point start{seconds(100)};
    EXPECT_EQ(pulse.fault(turned(5), start), "");
    EXPECT_EQ(pulse.fault(turned(5), start + milliseconds(4999)), "") << "asked twice within a turn";
    EXPECT_THAT(pulse.fault(turned(5), start + milliseconds(5000)), HasSubstr("language has not turned for 5000 ms"));
    EXPECT_EQ(pulse.fault(turned(6), start + seconds(6)), "") << "it goes on";
    EXPECT_EQ(pulse.fault(turned(7), start + seconds(60)), "") << "nobody asked for a minute";
    Metrics two = turned(8);
    two.families[0].samples.push_back({.labels = {{"worker", "embedding"}}, .value = 1});
    EXPECT_EQ(pulse.fault(two, start + seconds(61)), "");
    two.families[0].samples[0].value = 9;
    EXPECT_THAT(pulse.fault(two, start + seconds(70)), HasSubstr("embedding"));
    EXPECT_EQ(pulse.fault({}, start), "no worker");
}

/// Both workers of a demo that runs until it is told to stop.
TEST(MetricsOfACommand, AreThoseOfItsWorkers) {
    RunningCommand demo({"demo", "--fabric", "loopback", "--hidden", "64", "--tokens", "300", "--allocate", "128", "--requests",
                         "1000000", "--metrics", "127.0.0.1:0"});
    const std::string url = demo.line_after("metrics at ");
    ASSERT_THAT(url, StartsWith("http://127.0.0.1:")) << demo.said();
    auto client = client_of(url.substr(0, url.rfind('/')));
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    metrics::test::Exposition read;
    do {
        const auto scraped = client.Get("/metrics");
        ASSERT_TRUE(scraped);
        read = metrics::test::parse_exposition(scraped->body);
        ASSERT_THAT(read.faults, IsEmpty());
    } while (read.values.at("remit_rooms_finished_total{worker=\"language\",outcome=\"success\",rank=\"0\"}") < 3 &&
             std::chrono::steady_clock::now() < deadline);
    EXPECT_GE(read.values.at("remit_rooms_finished_total{worker=\"language\",outcome=\"success\",rank=\"0\"}"), 3);
    EXPECT_GE(read.values.at("remit_resumes_total{worker=\"language\",rank=\"0\"}"), 3);
    EXPECT_GE(read.values.at("remit_rounds_total{worker=\"embedding\"}"), 3);
    EXPECT_EQ(client.Get("/healthz")->body, "ok\n");
    demo.signal(SIGINT);
    demo.signal(SIGTERM);
    EXPECT_EQ(demo.end(), 1) << demo.said();
}

}  // namespace
}  // namespace remit::tools::test
