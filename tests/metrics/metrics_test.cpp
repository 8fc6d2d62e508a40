#include "metrics/collector.hpp"

#include <remit/error.hpp>
#include <remit/metrics.hpp>

#include <gmock/gmock.h>

namespace remit::metrics::test {
namespace {

using ::testing::HasSubstr;

Metrics collected(const char* worker, std::uint64_t base) {
    Collector collector(MetricLabels{{"worker", worker}});
    collector.counter("x_total", "X.", base + 1, {{"cause", "a"}});
    collector.counter("x_total", "X.", base + 2, {{"cause", "b"}});
    collector.gauge("y", "Y.", base + 3);
    Histogram histogram;
    for (std::uint64_t i = 0; i < base; ++i) histogram.observe(std::chrono::milliseconds(1));
    collector.histogram("z_seconds", "Z.", histogram);
    return collector.take();
}

TEST(Metrics, SamplesOfOneNameAreOneFamilyWithTheCommonLabelsInFront) {
    const Metrics metrics = collected("language", 10);
    ASSERT_EQ(metrics.families.size(), 3U);
    EXPECT_EQ(metrics.families[0].samples.size(), 2U);
    EXPECT_EQ(metrics.families[0].samples[0].labels, (MetricLabels{{"worker", "language"}, {"cause", "a"}}));
    EXPECT_EQ(metrics.families[0].type, MetricType::counter);
    EXPECT_EQ(metrics.families[1].type, MetricType::gauge);
}

TEST(Metrics, AValueIsTheSumOfTheSamplesThatHaveAllLabels) {
    Metrics metrics = collected("language", 10);
    metrics.add(collected("embedding", 20));
    EXPECT_EQ(metrics.value("x_total"), 11 + 12 + 21 + 22);
    EXPECT_EQ(metrics.value("x_total", {{"cause", "b"}}), 12 + 22);
    EXPECT_EQ(metrics.value("x_total", {{"cause", "b"}, {"worker", "embedding"}}), 22);
    EXPECT_EQ(metrics.value("x_total", {{"cause", "c"}}), 0);
    EXPECT_EQ(metrics.count("z_seconds"), 30U);
    EXPECT_EQ(metrics.count("z_seconds", {{"worker", "embedding"}}), 20U);
    EXPECT_DOUBLE_EQ(metrics.value("z_seconds", {{"worker", "embedding"}}), 0.02);
}

TEST(Metrics, OfSeveralWorkersAreOneFamilyEach) {
    Metrics metrics = collected("language", 1);
    metrics.add(collected("embedding", 2));
    EXPECT_EQ(metrics.families.size(), 3U);
    EXPECT_EQ(metrics.find("x_total")->samples.size(), 4U);
    EXPECT_EQ(metrics.find("no_such"), nullptr);
}

TEST(Metrics, ANameThatIsNotThereIsAnError) {
    const Metrics metrics = collected("language", 1);
    try {
        static_cast<void>(metrics.value("no_such"));
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_argument);
        EXPECT_THAT(error.what(), HasSubstr("no_such"));
    }
    EXPECT_THROW(static_cast<void>(metrics.count("y")), Error);
}

}  // namespace
}  // namespace remit::metrics::test
