// docs/observability.md, the dashboard and the alert rules name what workers export, all of it and nothing else.

#include "pair.hpp"
#include "metrics/exposition.hpp"
#include "worker/tally/failure_cause.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace remit::worker::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

const fs::path kRoot = REMIT_SOURCE_FOLDER;

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Metrics all_metrics() {
    Pair pair;
    Metrics all = pair.embedding().metrics();
    all.add(pair.language().metrics());
    return all;
}

/// What the page's table and a worker say of one metric.
struct Described {
    std::string type;
    std::set<std::string> labels;
    bool operator==(const Described&) const = default;
};

void PrintTo(const Described& described, std::ostream* stream) {
    *stream << described.type;
    for (const std::string& label : described.labels) *stream << " " << label;
}

std::map<std::string, Described> exported() {
    const std::map<MetricType, std::string> types{
        {MetricType::counter, "counter"}, {MetricType::gauge, "gauge"}, {MetricType::histogram, "histogram"}};
    std::map<std::string, Described> out;
    for (const MetricFamily& family : all_metrics().families) {
        Described& described = out[family.name];
        described.type = types.at(family.type);
        for (const MetricSample& sample : family.samples) {
            for (const auto& [name, value] : sample.labels) {
                if (name != "worker") described.labels.insert(name);
            }
        }
    }
    return out;
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// Rows of a Markdown table whose first cell is one word in backquotes that begins so.
std::vector<std::vector<std::string>> rows_of(const std::string& page, const std::string& heading) {
    std::vector<std::vector<std::string>> rows;
    const std::size_t at = page.find("\n## " + heading + "\n");
    EXPECT_NE(at, std::string::npos) << heading;
    std::istringstream lines(page.substr(at + 4, page.find("\n## ", at + 4) - at - 4));
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("| `", 0) != 0) continue;
        std::vector<std::string> cells;
        std::istringstream parts(line.substr(1));
        for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(trimmed(cell));
        cells[0] = cells[0].substr(1, cells[0].size() - 2);
        rows.push_back(cells);
    }
    return rows;
}

std::set<std::string> words_of(const std::string& text) {
    std::set<std::string> words;
    std::string word;
    for (const char c : text + ",") {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') word += c;
        else if (!word.empty()) words.insert(std::exchange(word, {}));
    }
    return words;
}

/// Names of series, and of the families of histograms, that may stand in a query.
std::set<std::string> queryable() {
    std::set<std::string> names;
    for (const MetricFamily& family : all_metrics().families) {
        if (family.type != MetricType::histogram) {
            names.insert(family.name);
            continue;
        }
        for (const char* suffix : {"_bucket", "_sum", "_count"}) names.insert(family.name + suffix);
    }
    return names;
}

std::set<std::string> metrics_in(const std::string& query) {
    static const std::regex name("remit_[a-z0-9_]+");
    std::set<std::string> found;
    for (std::sregex_iterator it(query.begin(), query.end(), name), end; it != end; ++it) found.insert(it->str());
    return found;
}

void collect_queries(const nlohmann::json& node, std::vector<std::string>& out) {
    if (node.is_object()) {
        for (const auto& [key, value] : node.items()) {
            if ((key == "expr" || key == "definition") && value.is_string()) out.push_back(value);
            collect_queries(value, out);
        }
    } else if (node.is_array()) {
        for (const auto& value : node) collect_queries(value, out);
    }
}

TEST(ObservabilityPage, HasEveryMetricWithItsTypeAndLabels) {
    const std::string page = text_of(kRoot / "docs/observability.md");
    std::map<std::string, Described> told;
    for (const auto& cells : rows_of(page, "Metrics")) {
        ASSERT_GE(cells.size(), 5U) << cells[0];
        EXPECT_TRUE(told.emplace(cells[0], Described{cells[1], words_of(cells[3])}).second) << "twice: " << cells[0];
        EXPECT_NE(cells[2], "") << "no unit: " << cells[0];
        EXPECT_NE(cells[4], "") << "no meaning: " << cells[0];
    }
    const auto there = exported();
    for (const auto& [name, described] : there) {
        ASSERT_EQ(told.count(name), 1U) << name << " is not on the page";
        EXPECT_EQ(told.at(name), described) << name;
    }
    for (const auto& [name, described] : told) EXPECT_EQ(there.count(name), 1U) << name << " is on the page alone";
}

TEST(ObservabilityPage, HasEveryCauseOfAFailureWithItsRemedy) {
    const auto rows = rows_of(text_of(kRoot / "docs/observability.md"), "Why rooms fail");
    ASSERT_EQ(rows.size(), kFailureCauses);
    for (std::size_t i = 0; i < kFailureCauses; ++i) {
        EXPECT_EQ(rows[i].at(0), failure_causes()[i].name);
        EXPECT_EQ(rows[i].at(2), failure_causes()[i].remedy);
        EXPECT_NE(rows[i].at(1), "");
    }
}

TEST(ObservabilityPage, HasEveryEventOfTheLog) {
    const std::string page = text_of(kRoot / "docs/observability.md");
    const std::regex event("\\.event = \"([^\"]+)\"");
    std::set<std::string> events;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src/worker")) {
        if (entry.path().extension() != ".cpp") continue;
        const std::string source = text_of(entry.path());
        for (std::sregex_iterator it(source.begin(), source.end(), event), end; it != end; ++it) events.insert((*it)[1]);
    }
    EXPECT_THAT(events, Contains("failed"));
    for (const std::string& name : events) EXPECT_NE(page.find("| `" + name + "` |"), std::string::npos) << name;
}

TEST(FailureCauses, AreToldByWhatStandsInReasons) {
    const auto name_of = [](const char* reason) { return failure_causes()[cause_of(reason)].name; };
    EXPECT_EQ(name_of("aborted by the language worker's user: checksum of something"), "aborted");
    EXPECT_EQ(name_of("embedding worker: aborted by the language worker: nothing of round 1, tokens [0, 5), arrived for 5 ms "
                      "from the embedding worker at 127.0.0.1:1"),
              "round_stalled");
    EXPECT_EQ(name_of("embedding worker at 127.0.0.1:5 silent for 5000 ms"), "peer_silent");
    EXPECT_EQ(name_of("lost: embedding worker restarted"), "peer_restarted");
    EXPECT_EQ(name_of("deadline of 50 ms: waited for REGISTERED from the embedding worker at 127.0.0.1:5; is it running, is "
                      "the address right, and do both have the other's key, or none?"),
              "no_embedding_worker");
    EXPECT_EQ(name_of("deadline of 50 ms: waited for send() of room 7 at the embedding worker 127.0.0.1:5"), "no_send");
    EXPECT_EQ(name_of("waited 50 ms for memory: 0 of 2 blocks and 1024 credits are free"), "memory");
    EXPECT_EQ(name_of("transport retry counter exceeded (12, vendor error 0x0)"), "rdma");
    EXPECT_EQ(name_of("refused by the embedding worker: limit of 1024 peers is reached; raise limits.peers"), "limit");
    EXPECT_EQ(name_of("the dog ate it"), "other");
    EXPECT_EQ(name_of(""), "other");
}

/// A reason that is worded anew must not leave its row behind.
TEST(FailureCauses, HavePhrasesThatTheSourcesHave) {
    std::string sources;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
        const fs::path& path = entry.path();
        if (path.extension() == ".cpp" && path.filename() != "failure_cause.cpp") sources += text_of(path);
    }
    // What the compiler puts together again.
    sources = std::regex_replace(sources, std::regex("\"\\n *\""), "");
    std::set<std::string_view> names;
    for (const FailureCause& cause : failure_causes()) {
        EXPECT_TRUE(std::regex_match(std::string(cause.name), std::regex("[a-z_]+"))) << cause.name;
        EXPECT_TRUE(names.insert(cause.name).second) << cause.name;
        EXPECT_FALSE(cause.remedy.empty()) << cause.name;
        for (const std::string_view phrase : cause.phrases) {
            EXPECT_TRUE(phrase.empty() || sources.find(phrase) != std::string::npos) << cause.name << ": " << phrase;
        }
    }
    EXPECT_EQ(failure_causes().back().phrases[0], "");
}

TEST(Dashboard, AsksForWhatIsExported) {
    std::vector<std::string> queries;
    for (const auto& entry : fs::directory_iterator(kRoot / "packaging/grafana")) {
        if (entry.path().extension() == ".json") collect_queries(nlohmann::json::parse(text_of(entry.path())), queries);
    }
    EXPECT_GE(queries.size(), 10U);
    const std::set<std::string> known = queryable();
    for (const std::string& query : queries) {
        const std::set<std::string> asked = metrics_in(query);
        EXPECT_THAT(asked, Not(IsEmpty())) << query;
        for (const std::string& name : asked) EXPECT_THAT(known, Contains(name)) << query;
    }
}

TEST(AlertRules, AskForWhatIsExported) {
    const std::string rules = text_of(kRoot / "packaging/prometheus/remit.rules.yml");
    const std::set<std::string> known = queryable();
    EXPECT_GE(metrics_in(rules).size(), 5U);
    for (const std::string& name : metrics_in(rules)) EXPECT_THAT(known, Contains(name));
}

/// Where Prometheus' own tool is (Debian: prometheus), it judges too.
TEST(Promtool, HasNothingToSay) {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not here (Debian: prometheus)";
    const fs::path file = fs::path(testing::TempDir()) / ("remit_metrics_" + std::to_string(getpid()));
    std::ofstream(file) << to_prometheus(all_metrics());
    EXPECT_EQ(std::system(("promtool check metrics <" + file.string()).c_str()), 0);
    fs::remove(file);
    EXPECT_EQ(std::system(("promtool check rules '" + (kRoot / "packaging/prometheus/remit.rules.yml").string() + "'").c_str()), 0);
}

}  // namespace
}  // namespace remit::worker::test
