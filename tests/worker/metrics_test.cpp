// What workers say of themselves: the figures are those of what was moved, by name as the docs have them.

#include "pair.hpp"
#include "raw_peer.hpp"
#include "metrics/exposition.hpp"

#include <remit/metrics.hpp>

#include <gmock/gmock.h>

#include <string>

namespace remit::worker::test {
namespace {

using ::testing::IsEmpty;

/// Until what the worker's thread shows after the step in which it happened is there.
void expect_comes(const std::function<Metrics()>& read, const std::string& name, const MetricLabels& labels, double wanted) {
    EXPECT_TRUE(comes_true([&] { return read().value(name, labels) == wanted; }))
        << name << " is " << read().value(name, labels) << ", not " << wanted;
}

class WorkerMetrics : public testing::Test {
protected:
    [[nodiscard]] Metrics language() { return pair.language().metrics(); }
    [[nodiscard]] Metrics embedding() { return pair.embedding().metrics(); }
    void expect_language(const std::string& name, const MetricLabels& labels, double wanted) {
        expect_comes([this] { return language(); }, name, labels, wanted);
    }
    void expect_embedding(const std::string& name, const MetricLabels& labels, double wanted) {
        expect_comes([this] { return embedding(); }, name, labels, wanted);
    }

    Pair pair;
};

TEST_F(WorkerMetrics, ALanguageWorkerCountsExactlyWhatCame) {
    pair.expect_transfer({1, 300}, 128);  // one block is offered, then two
    pair.expect_transfer({2, 100}, 128);
    const Layout& layout = pair.language().layout();
    const Metrics seen = language();
    EXPECT_EQ(seen.value("remit_rooms_begun_total"), 2);
    EXPECT_EQ(seen.value("remit_rooms_finished_total", {{"outcome", "success"}}), 2);
    EXPECT_EQ(seen.value("remit_rooms_finished_total", {{"outcome", "failed"}}), 0);
    EXPECT_EQ(seen.value("remit_rooms"), 0);
    EXPECT_EQ(seen.value("remit_rounds_total"), 3);
    EXPECT_EQ(seen.value("remit_resumes_total"), 1);
    EXPECT_EQ(seen.value("remit_tokens_total"), 400);
    EXPECT_EQ(seen.value("remit_bytes_total"), static_cast<double>(layout.payload_bytes(300) + layout.payload_bytes(100)));
    EXPECT_EQ(seen.count("remit_room_announced_seconds"), 2U);
    EXPECT_EQ(seen.count("remit_room_first_round_seconds"), 2U);
    EXPECT_EQ(seen.count("remit_room_seconds"), 2U);
    EXPECT_EQ(seen.count("remit_round_seconds"), 3U);
    EXPECT_EQ(seen.count("remit_copy_out_seconds"), 3U);
    EXPECT_EQ(seen.count("remit_memory_wait_seconds"), 0U);
    EXPECT_EQ(seen.value("remit_sessions", {{"state", "up"}}), 1);
    EXPECT_EQ(seen.value("remit_generations_opened_total"), 1);
    EXPECT_EQ(seen.value("remit_generations_given_up_total"), 0);
    expect_language("remit_pool_blocks", {{"state", "free"}}, pair.language().pool_blocks());
    expect_language("remit_pool_blocks", {{"state", "used"}}, 0);
    EXPECT_EQ(seen.value("remit_worker_info", {{"worker", "language"}, {"endpoint", pair.language().endpoint()}}), 1);
}

TEST_F(WorkerMetrics, PhasesAreInOrderInsideTheRoom) {
    pair.expect_transfer({1, 300}, 128);
    const Metrics seen = language();
    EXPECT_LE(seen.value("remit_room_announced_seconds"), seen.value("remit_room_first_round_seconds"));
    EXPECT_LE(seen.value("remit_room_first_round_seconds"), seen.value("remit_room_seconds"));
    EXPECT_GT(seen.value("remit_copy_out_seconds"), 0);
    EXPECT_LE(seen.value("remit_copy_out_seconds"), seen.value("remit_room_seconds"));
}

TEST_F(WorkerMetrics, AnEmbeddingWorkerCountsExactlyWhatWent) {
    const Content content{1, 300};
    const Incoming incoming = pair.receive(1, 128);
    {
        const Outgoing outgoing = pair.send(content);
        incoming.expect_success(content);
        outgoing.expect_success();
        const Metrics seen = embedding();
        EXPECT_EQ(seen.value("remit_bytes_total"), static_cast<double>(outgoing.send().bytes()));
        EXPECT_EQ(seen.value("remit_gathered_bytes_total"), static_cast<double>(outgoing.send().gathered()));
        EXPECT_EQ(seen.value("remit_rdma_work_requests_total"), static_cast<double>(outgoing.send().writes()));
        EXPECT_EQ(seen.value("remit_pool_blocks", {{"state", "used"}}), 3);
    }
    const Metrics seen = embedding();
    EXPECT_EQ(seen.value("remit_bytes_total"), static_cast<double>(pair.embedding().pool().layout().payload_bytes(300)));
    EXPECT_EQ(seen.value("remit_rooms_begun_total"), 1);
    EXPECT_EQ(seen.value("remit_rooms_finished_total", {{"outcome", "success"}}), 1);
    EXPECT_EQ(seen.value("remit_rounds_total"), 2);
    EXPECT_EQ(seen.value("remit_resumes_total"), 1);
    EXPECT_EQ(seen.count("remit_room_seconds"), 1U);
    EXPECT_EQ(seen.count("remit_send_wait_seconds"), 1U);
    EXPECT_EQ(seen.count("remit_round_seconds"), 2U);
    EXPECT_GE(seen.count("remit_gather_seconds"), 2U);
    EXPECT_EQ(seen.value("remit_rdma_doorbells_total"), static_cast<double>(pair.embedding().counters().doorbells));
    EXPECT_EQ(seen.value("remit_rdma_signaled_total"), static_cast<double>(pair.embedding().counters().signaled));
    EXPECT_EQ(seen.value("remit_sessions", {{"state", "up"}}), 1);
    expect_embedding("remit_send_regions", {{"state", "busy"}}, 0);
    expect_embedding("remit_send_regions", {{"state", "free"}}, pair.options().embedding.send_regions);
    EXPECT_EQ(embedding().value("remit_pool_blocks", {{"state", "used"}}), 0);
}

TEST_F(WorkerMetrics, WhoWaitsIsSeenAndParkedUntilTheOtherSideCalls) {
    const Content content{1, 100};
    const Incoming incoming = pair.receive(1, 128);
    expect_embedding("remit_parked_requests", {}, 1);
    expect_embedding("remit_parked_blocks", {}, 1);
    expect_language("remit_rooms", {{"state", "bootstrapping"}}, 1);
    expect_language("remit_pool_blocks", {{"state", "used"}}, 1);
    const Outgoing outgoing = pair.send(content);
    incoming.expect_success(content);
    expect_embedding("remit_parked_requests", {}, 0);
    expect_language("remit_rooms", {}, 0);
}

TEST_F(WorkerMetrics, FailuresAreCountedByCause) {
    const Incoming given_up = pair.receive(1, 128);
    given_up.reception().abort("no longer wanted");
    given_up.expect_failed("no longer wanted");
    const Incoming rejected = pair.receive(2, 128);
    pair.embedding().reject(2, "the picture is broken");
    rejected.expect_failed("the picture is broken");
    const Metrics seen = language();
    EXPECT_EQ(seen.value("remit_rooms_failed_total", {{"cause", "aborted"}}), 1);
    EXPECT_EQ(seen.value("remit_rooms_failed_total", {{"cause", "other"}}), 1);
    EXPECT_EQ(seen.value("remit_rooms_failed_total"), 2);
    EXPECT_EQ(seen.value("remit_rooms_finished_total", {{"outcome", "failed"}}), 2);
    EXPECT_EQ(seen.count("remit_room_seconds"), 0U);
    expect_embedding("remit_rejections", {}, 1);
    expect_language("remit_rooms_quarantined", {}, 0);
    expect_language("remit_pool_blocks", {{"state", "quarantined"}}, 0);
}

TEST(WorkerMetricsOfMemory, AWaitForBlocksIsCountedOnceItIsOver) {
    PairOptions options;
    options.language_blocks = 2;
    Pair pair(options);
    const auto read = [&] { return pair.language().metrics(); };
    const Content first{1, 200};
    const Content second{2, 100};
    const Incoming kept = pair.receive(1, 256, Into::kept);
    const Outgoing sent = pair.send(first);
    kept.expect_success(first);
    const Outgoing next = pair.send(second);
    const Incoming waits = pair.receive(2, 0);
    expect_comes(read, "remit_rooms_waiting_for_memory", {}, 1);
    EXPECT_EQ(read().count("remit_memory_wait_seconds"), 0U);
    kept.reception().release();
    waits.expect_success(second);
    EXPECT_EQ(read().count("remit_memory_wait_seconds"), 1U);
    EXPECT_GT(read().value("remit_memory_wait_seconds"), 0);
    expect_comes(read, "remit_rooms_waiting_for_memory", {}, 0);
}

TEST_F(WorkerMetrics, MessagesThatAreDroppedAreCountedByCause) {
    RawPeer raw(pair.endpoint());
    for (int i = 0; i < 3; ++i) raw.send({"remit/1"});
    raw.send({"x", "y"});
    EXPECT_TRUE(comes_true([&] { return embedding().value("remit_messages_dropped_total") == 4; }))
        << to_prometheus(embedding());
    EXPECT_EQ(embedding().value("remit_messages_received_total"), 4);
    pair.expect_transfer({1, 100}, 128);
}

TEST_F(WorkerMetrics, ThereAreStillFiguresAfterTheEnd) {
    const Incoming never = pair.receive(1, 128);
    expect_embedding("remit_parked_requests", {}, 1);
    EXPECT_EQ(pair.language().stop(), 1U);
    const Metrics seen = language();
    EXPECT_EQ(seen.value("remit_rooms_failed_total", {{"cause", "stopped"}}), 1);
    EXPECT_EQ(seen.value("remit_rooms"), 0);
    EXPECT_EQ(seen.value("remit_sessions", {{"state", "up"}}), 0);
    EXPECT_EQ(seen.value("remit_generations_given_up_total"), 1);
    EXPECT_EQ(seen.value("remit_pool_blocks", {{"state", "free"}}), pair.language().pool_blocks());
}

TEST_F(WorkerMetrics, TheTextOfBothIsAsPrometheusWantsIt) {
    pair.expect_transfer({1, 300}, 128);
    Metrics both = embedding();
    both.add(language());
    const auto read = metrics::test::parse_exposition(to_prometheus(both));
    EXPECT_THAT(read.faults, IsEmpty());
    EXPECT_EQ(read.values.at("remit_rounds_total{worker=\"language\"}"), 2);
    EXPECT_EQ(read.values.at("remit_rounds_total{worker=\"embedding\"}"), 2);
    EXPECT_EQ(read.values.at("remit_round_seconds_count{worker=\"language\"}"), 2);
}

}  // namespace
}  // namespace remit::worker::test
