// What to_prometheus() writes, and that the parser by which the tests judge it takes nothing else.

#include "exposition.hpp"

#include <remit/metrics.hpp>

#include <gmock/gmock.h>

namespace remit::metrics::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

Metrics sample_metrics() {
    MetricFamily counter{.name = "a_total", .help = "Of a.", .type = MetricType::counter, .samples = {}};
    counter.samples.push_back({.labels = {{"worker", "language"}, {"cause", "x"}}, .value = 3});
    counter.samples.push_back({.labels = {{"worker", "language"}, {"cause", "y"}}, .value = 9007199254740991.0});
    MetricFamily gauge{.name = "b", .help = "Of b.", .type = MetricType::gauge, .samples = {{.labels = {}, .value = 0.25}}};
    MetricFamily histogram{.name = "c_seconds",
                           .help = "Of c.",
                           .type = MetricType::histogram,
                           .bounds = {0.00001, 0.5},
                           .samples = {{.labels = {{"worker", "w"}}, .value = 2.5, .buckets = {1, 0, 2}}}};
    return {{counter, gauge, histogram}};
}

TEST(Exposition, IsWrittenAsTheFormatSays) {
    EXPECT_EQ(to_prometheus(sample_metrics()),
              "# HELP a_total Of a.\n"
              "# TYPE a_total counter\n"
              "a_total{worker=\"language\",cause=\"x\"} 3\n"
              "a_total{worker=\"language\",cause=\"y\"} 9007199254740991\n"
              "# HELP b Of b.\n"
              "# TYPE b gauge\n"
              "b 0.25\n"
              "# HELP c_seconds Of c.\n"
              "# TYPE c_seconds histogram\n"
              "c_seconds_bucket{worker=\"w\",le=\"1e-05\"} 1\n"
              "c_seconds_bucket{worker=\"w\",le=\"0.5\"} 1\n"
              "c_seconds_bucket{worker=\"w\",le=\"+Inf\"} 3\n"
              "c_seconds_sum{worker=\"w\"} 2.5\n"
              "c_seconds_count{worker=\"w\"} 3\n");
}

TEST(Exposition, IsReadBack) {
    const Exposition read = parse_exposition(to_prometheus(sample_metrics()));
    EXPECT_THAT(read.faults, IsEmpty());
    EXPECT_EQ(read.values.at("a_total{worker=\"language\",cause=\"x\"}"), 3);
    EXPECT_EQ(read.values.at("b"), 0.25);
    EXPECT_EQ(read.values.at("c_seconds_count{worker=\"w\"}"), 3);
    EXPECT_THAT(read.series(), ElementsAre("a_total", "b", "c_seconds_bucket", "c_seconds_count", "c_seconds_sum"));
}

TEST(Exposition, WhatWouldEndALineOrALabelIsEscaped) {
    Metrics metrics{{{.name = "a", .help = "one\nline, \\ and \"quotes\"", .type = MetricType::gauge, .samples = {}}}};
    metrics.families[0].samples.push_back({.labels = {{"x", "a\"b\\c\nd"}}, .value = 1});
    const std::string text = to_prometheus(metrics);
    EXPECT_EQ(text, "# HELP a one\\nline, \\\\ and \"quotes\"\n# TYPE a gauge\na{x=\"a\\\"b\\\\c\\nd\"} 1\n");
    EXPECT_THAT(parse_exposition(text).faults, IsEmpty());
}

TEST(Exposition, ItsParserTakesNothingElse) {
    const std::string head = "# HELP a A.\n# TYPE a gauge\n";
    const std::string steps = "# HELP h H.\n# TYPE h histogram\n";
    for (const std::string& wrong : {
             std::string(""), head + "a 1",                                       // no newline at the end
             head + "a one\n", head + "a -1\n", head + "a 1 \n", head + "a  1\n", // no number, or more than one
             head + "b 1\n", std::string("a 1\n"),                                // outside its family
             head + "a{x=1} 1\n", head + "a{x=\"1} 1\n", head + "a{x=\"1\",} 1\n", head + "a{x=\"1\",x=\"2\"} 1\n",
             head + "a 1\na 2\n",                                                 // twice
             head + "# TYPE a gauge\n", std::string("# TYPE a gauge\na 1\n"),     // without its help
             std::string("# HELP a A.\n# TYPE a counter\na 1\n"),                 // a counter that says so nowhere
             std::string("# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n"),
             steps + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",                // no +Inf
             steps + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
             steps + "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
             steps + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",
             head + "a{le=\"1\"} 1\n",
         }) {
        EXPECT_THAT(parse_exposition(wrong).faults, Not(IsEmpty())) << wrong;
    }
}

}  // namespace
}  // namespace remit::metrics::test
