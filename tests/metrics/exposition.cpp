#include "exposition.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <regex>
#include <sstream>

namespace remit::metrics::test {
namespace {

const std::regex kHelp(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))");
const std::regex kType(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))");
const std::string kPair = R"re([a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*")re";
const std::regex kSample("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{(" + kPair + "(?:," + kPair + ")*)\\})? (\\S+)");
const std::regex kLabel(R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)")re");

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::optional<double> number_of(const std::string& text) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
}

/// One histogram's series, as far as it has come.
struct Ladder {
    double bound = -std::numeric_limits<double>::infinity();
    double cumulative = 0;
    bool infinite = false;
};

class Parser {
public:
    Exposition parse(const std::string& text) {
        if (text.empty() || text.back() != '\n') fault("the text does not end with a newline");
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) take(line);
        for (const auto& [series, ladder] : ladders_) {
            if (!ladder.infinite) fault("no +Inf bucket: " + series);
        }
        return std::move(out_);
    }

private:
    void fault(const std::string& what) { out_.faults.push_back(what); }

    void take(const std::string& line) {
        std::smatch match;
        if (std::regex_match(line, match, kHelp)) return take_help(match[1], match[2]);
        if (std::regex_match(line, match, kType)) return take_type(match[1], match[2]);
        if (std::regex_match(line, match, kSample)) return take_sample(line, match[1], match[3], match[4]);
        fault("not a line of the format: " + line);
    }

    void take_help(const std::string& name, const std::string& help) {
        if (!out_.helps.emplace(name, help).second) fault("a second HELP of " + name);
        family_.clear();
        helped_ = name;
    }

    void take_type(const std::string& name, const std::string& type) {
        if (name != helped_) fault("TYPE without its HELP before it: " + name);
        if (!out_.types.emplace(name, type).second) fault("a second TYPE of " + name);
        if ((type == "counter") != ends_with(name, "_total")) fault("counters, and they alone, end in _total: " + name);
        family_ = name;
    }

    void take_sample(const std::string& line, const std::string& name, const std::string& labels, const std::string& text) {
        if (family_.empty()) return fault("a sample outside its family: " + line);
        const bool histogram = out_.types[family_] == "histogram";
        const std::string rest = name.rfind(family_, 0) == 0 ? name.substr(family_.size()) : "?";
        const bool own = histogram ? rest == "_bucket" || rest == "_sum" || rest == "_count" : rest.empty();
        if (!own) return fault("a sample of another family than " + family_ + ": " + line);
        const auto value = number_of(text);
        if (!value || std::isnan(*value) || *value < 0) return fault("no number that it may have: " + line);
        const std::string series = line.substr(0, line.rfind(' '));
        if (!out_.values.emplace(series, *value).second) fault("a series twice: " + series);
        check_labels(labels, line, rest == "_bucket");
        if (rest == "_bucket") climb(labels, *value, line);
        if (rest == "_count" && ladders_[family_ + labels].cumulative != *value) fault("count is not the last bucket: " + line);
    }

    void check_labels(const std::string& labels, const std::string& line, bool bucket) {
        std::set<std::string> names;
        for (std::sregex_iterator it(labels.begin(), labels.end(), kLabel), end; it != end; ++it) {
            if (!names.insert((*it)[1]).second) fault("a label twice: " + line);
        }
        if (bucket != (names.count("le") != 0)) fault("le belongs to buckets, and to them alone: " + line);
    }

    /// Buckets ascend and are cumulative; `le` is their last label.
    void climb(const std::string& labels, double value, const std::string& line) {
        const std::size_t at = labels.rfind("le=\"");
        std::string others = labels.substr(0, at);
        if (!others.empty()) others.pop_back();  // the comma
        const std::string bound_text = labels.substr(at + 4, labels.size() - at - 5);
        const auto bound = number_of(bound_text);
        Ladder& ladder = ladders_[family_ + others];
        if (!bound || *bound <= ladder.bound) return fault("buckets do not ascend: " + line);
        if (value < ladder.cumulative) fault("buckets are not cumulative: " + line);
        ladder = {*bound, value, std::isinf(*bound)};
    }

    Exposition out_;
    std::string helped_;
    std::string family_;
    std::map<std::string, Ladder> ladders_;
};

}  // namespace

std::set<std::string> Exposition::series() const {
    std::set<std::string> names;
    for (const auto& [series, value] : values) names.insert(series.substr(0, series.find('{')));
    return names;
}

Exposition parse_exposition(const std::string& text) { return Parser().parse(text); }

}  // namespace remit::metrics::test
