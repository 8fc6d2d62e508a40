#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

/// A parser of Prometheus' text exposition format that takes nothing that is not quite right.
namespace remit::metrics::test {

struct Exposition {
    std::map<std::string, std::string> types;  ///< of each family
    std::map<std::string, std::string> helps;
    /// By the series as it stands: `remit_rooms{worker="language",state="transferring"}`.
    std::map<std::string, double> values;
    std::vector<std::string> faults;  ///< one a line that is wrong; empty: the text is as it must be

    /// Names of series, without labels.
    [[nodiscard]] std::set<std::string> series() const;
};

[[nodiscard]] Exposition parse_exposition(const std::string& text);

}  // namespace remit::metrics::test
