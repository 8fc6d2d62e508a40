#include "tools/doctor/finding.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "tools/doctor/catalogue.hpp"

namespace remit::tools::doctor {

std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::ok: return "ok";
        case Verdict::unknown: return "unknown";
        case Verdict::warning: return "warning";
        case Verdict::problem: return "problem";
    }
    return "?";
}

void Findings::ok(std::string_view id, std::string subject, std::string found) {
    findings_.push_back({std::string(id), std::move(subject), Verdict::ok, std::move(found), why_of(id), ""});
}

void Findings::add(Verdict verdict, std::string_view id, std::string subject, std::string found, std::string remedy) {
    if (verdict != Verdict::ok && remedy.empty()) throw std::logic_error(std::string(id) + ": no remedy");
    findings_.push_back(
        {std::string(id), std::move(subject), verdict, std::move(found), why_of(id), std::move(remedy)});
}

void Findings::append(std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(findings_));
}

Verdict worst(const std::vector<Finding>& findings) noexcept {
    Verdict verdict = Verdict::ok;
    for (const Finding& finding : findings) verdict = std::max(verdict, finding.verdict);
    return verdict;
}

}  // namespace remit::tools::doctor
