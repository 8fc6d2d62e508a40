#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

/// A trace file read back, with the checks that hold for every one of them.
namespace remit::trace::test {

using nlohmann::json;

/// A name for a file of this process, which goes with the object.
class TraceName {
public:
    explicit TraceName(const std::string& name)
        : path_(std::filesystem::temp_directory_path() /
                ("remit_trace_" + std::to_string(::getpid()) + "_" + name + ".json")) {
        std::filesystem::remove(path_);
    }
    ~TraceName() { std::filesystem::remove(path_); }
    TraceName(const TraceName&) = delete;
    TraceName& operator=(const TraceName&) = delete;
    [[nodiscard]] std::string text() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

class CheckedTrace {
public:
    explicit CheckedTrace(const std::string& file) {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        whole = json::parse(text.str(), nullptr, false);
        EXPECT_FALSE(whole.is_discarded()) << file << " is no JSON:\n" << text.str().substr(0, 2000);
        if (whole.is_discarded()) return;
        events = whole["traceEvents"].get<std::vector<json>>();
        expect_balance();
        expect_nesting();
        expect_named_rows();
    }

    /// Events of that phase and name.
    [[nodiscard]] std::vector<json> named(const std::string& ph, const std::string& name) const {
        std::vector<json> found;
        for (const json& event : events) {
            if (event["ph"] == ph && event.value("name", "") == name) found.push_back(event);
        }
        return found;
    }
    /// Slices whose name begins so.
    [[nodiscard]] std::vector<json> slices(const std::string& beginning) const {
        std::vector<json> found;
        for (const json& event : events) {
            if (event["ph"] == "X" && event["name"].get<std::string>().rfind(beginning, 0) == 0) found.push_back(event);
        }
        return found;
    }
    [[nodiscard]] std::string row_name(const json& event) const {
        const auto found = rows_.find({event["pid"].get<long>(), event["tid"].get<long>()});
        return found == rows_.end() ? "" : found->second;
    }
    [[nodiscard]] static double begin(const json& event) { return event["ts"].get<double>(); }
    [[nodiscard]] static double end(const json& event) { return event["ts"].get<double>() + event["dur"].get<double>(); }
    /// Of the async slice that `event` begins.
    [[nodiscard]] double async_end(const json& event) const {
        for (const json& other : events) {
            if (other["ph"] == "e" && other["cat"] == event["cat"] && other["id2"] == event["id2"] &&
                other["pid"] == event["pid"] && other["name"] == event["name"] && begin(other) >= begin(event)) {
                return begin(other);
            }
        }
        ADD_FAILURE() << "no end of " << event;
        return 0;
    }
    [[nodiscard]] std::uint64_t dropped() const {
        const auto ends = named("M", "remit_trace_end");
        EXPECT_EQ(ends.size(), 1U);
        return ends.empty() ? 0 : ends.front()["args"]["dropped"].get<std::uint64_t>();
    }

    json whole;
    std::vector<json> events;

private:
    /// What begins ends, the inner before the outer, and no time runs backwards within.
    void expect_balance() {
        std::map<std::tuple<std::string, std::string, long>, std::vector<const json*>> open;
        for (const json& event : events) {
            if (event["ph"] != "b" && event["ph"] != "e") continue;
            auto& stack = open[{event["cat"], event["id2"].dump(), event["pid"].get<long>()}];
            if (event["ph"] == "b") {
                stack.push_back(&event);
                continue;
            }
            ASSERT_FALSE(stack.empty()) << "an end without a beginning: " << event;
            EXPECT_EQ((*stack.back())["name"], event["name"]);
            EXPECT_LE(begin(*stack.back()), begin(event)) << event;
            if (stack.size() > 1) {
                EXPECT_GE(begin(*stack.back()), begin(*stack[stack.size() - 2])) << event;
            }
            stack.pop_back();
        }
        for (const auto& [id, stack] : open) EXPECT_TRUE(stack.empty()) << "no end: " << *stack.back();
    }
    /// Slices of one row lie beside each other or inside each other.
    void expect_nesting() {
        std::map<std::pair<long, long>, std::vector<const json*>> by_row;
        for (const json& event : events) {
            if (event["ph"] == "X") by_row[{event["pid"].get<long>(), event["tid"].get<long>()}].push_back(&event);
        }
        constexpr double kRounding = 1e-3;
        for (auto& [row, all] : by_row) {
            std::stable_sort(all.begin(), all.end(), [](const json* a, const json* b) {
                return std::pair(begin(*a), -end(*a)) < std::pair(begin(*b), -end(*b));
            });
            std::vector<const json*> around;
            for (const json* slice : all) {
                while (!around.empty() && end(*around.back()) <= begin(*slice) + kRounding / 2) around.pop_back();
                if (!around.empty()) {
                    EXPECT_LE(end(*slice), end(*around.back()) + kRounding) << *around.back() << "\n" << *slice;
                }
                around.push_back(slice);
            }
        }
    }
    void expect_named_rows() {
        for (const json& event : events) {
            if (event["ph"] == "M" && event["name"] == "thread_name") {
                rows_[{event["pid"].get<long>(), event["tid"].get<long>()}] = event["args"]["name"];
            } else if (event["ph"] == "X") {
                EXPECT_NE(row_name(event), "") << event;
            }
        }
    }

    std::map<std::pair<long, long>, std::string> rows_;
};

}  // namespace remit::trace::test
