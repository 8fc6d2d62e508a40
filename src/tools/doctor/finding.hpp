#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remit::tools::doctor {

/// The later is the worse. `unknown` says that it could not be read here: it never counts as ok.
enum class Verdict : std::uint8_t { ok, unknown, warning, problem };

[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

/// What one check says of one subject.
struct Finding {
    std::string id;       ///< of the catalogue: "port.mtu"
    std::string subject;  ///< "mlx5_0 port 1"; empty: the machine
    Verdict verdict = Verdict::ok;
    std::string found;
    std::string why;     ///< why it matters
    std::string remedy;  ///< what to do, as commands where there are any; empty where it is ok
};

/// What a check hands back. Each entry takes its `why` from the catalogue.
/// @throws std::logic_error for an id that is not in the catalogue, or a verdict other than ok without a remedy.
class Findings {
public:
    void ok(std::string_view id, std::string subject, std::string found);
    void add(Verdict verdict, std::string_view id, std::string subject, std::string found, std::string remedy);
    void append(std::vector<Finding> more);
    [[nodiscard]] std::vector<Finding> take() { return std::move(findings_); }

private:
    std::vector<Finding> findings_;
};

/// Of no findings: ok.
[[nodiscard]] Verdict worst(const std::vector<Finding>& findings) noexcept;

}  // namespace remit::tools::doctor
