#include "tools/doctor/print.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace remit::tools::doctor {
namespace {

constexpr std::array<Verdict, 4> kWorstFirst{Verdict::problem, Verdict::warning, Verdict::unknown, Verdict::ok};
constexpr std::size_t kVerdictWidth = 8;

std::size_t count_of(const std::vector<Finding>& findings, Verdict verdict) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.verdict == verdict; }));
}

std::string coloured(Verdict verdict, bool colours) {
    const std::string word = fmt::format("{:<{}}", to_string(verdict), kVerdictWidth);
    if (!colours) return word;
    const char* code = verdict == Verdict::problem   ? "1;31"
                       : verdict == Verdict::warning ? "33"
                       : verdict == Verdict::ok      ? "32"
                                                     : "36";
    return fmt::format("\033[{}m{}\033[0m", code, word);
}

std::string summary(const std::vector<Finding>& findings) {
    std::string text;
    for (const Verdict verdict : kWorstFirst) {
        const std::size_t count = count_of(findings, verdict);
        if (count == 0 && verdict != Verdict::problem) continue;
        const bool plural = count != 1 && (verdict == Verdict::problem || verdict == Verdict::warning);
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, to_string(verdict), plural ? "s" : "");
    }
    return text;
}

}  // namespace

std::string to_text(const std::vector<Finding>& findings, bool colours) {
    std::size_t id_width = 0;
    for (const Finding& finding : findings) id_width = std::max(id_width, finding.id.size());
    std::string text = "remit doctor: " + summary(findings) + "\n";
    const std::string indent(kVerdictWidth + 1, ' ');
    for (const Verdict verdict : kWorstFirst) {
        for (const Finding& finding : findings) {
            if (finding.verdict != verdict) continue;
            text += fmt::format("{} {:<{}}  {}{}{}\n", coloured(verdict, colours), finding.id, id_width,
                                finding.subject, finding.subject.empty() ? "" : ": ", finding.found);
            const bool serious = verdict == Verdict::problem || verdict == Verdict::warning;
            if (serious) text += fmt::format("{}why: {}\n", indent, finding.why);
            if (!finding.remedy.empty()) text += fmt::format("{}do:  {}\n", indent, finding.remedy);
        }
    }
    return text;
}

std::string to_json(const std::vector<Finding>& findings) {
    using Json = nlohmann::ordered_json;
    Json list = Json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"id", finding.id},
                        {"subject", finding.subject},
                        {"verdict", to_string(finding.verdict)},
                        {"found", finding.found},
                        {"why", finding.why},
                        {"remedy", finding.remedy}});
    }
    Json counts;
    for (const Verdict verdict : {Verdict::ok, Verdict::unknown, Verdict::warning, Verdict::problem}) {
        counts[std::string(to_string(verdict))] = count_of(findings, verdict);
    }
    const Json report{{"verdict", to_string(worst(findings))}, {"counts", counts}, {"findings", std::move(list)}};
    // What the machine's files hold need not be UTF-8.
    return report.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace remit::tools::doctor
