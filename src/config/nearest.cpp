#include "config/nearest.hpp"

#include <algorithm>

namespace remit::config {

std::size_t edit_distance(std::string_view one, std::string_view other) {
    // Rows of the table of prefixes: of the letter before the last, of the last one, of this one.
    std::vector<std::size_t> before(other.size() + 1);
    std::vector<std::size_t> last(other.size() + 1);
    std::vector<std::size_t> row(other.size() + 1);
    for (std::size_t j = 0; j <= other.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= one.size(); ++i) {
        before.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= other.size(); ++j) {
            const std::size_t exchanged = last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, exchanged});
            const bool swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[other.size()];
}

const std::string& nearest(std::string_view name, const std::vector<std::string>& names) {
    return *std::min_element(names.begin(), names.end(), [&](const std::string& one, const std::string& other) {
        return edit_distance(name, one) < edit_distance(name, other);
    });
}

}  // namespace remit::config
