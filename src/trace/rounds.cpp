#include "trace/rounds.hpp"

namespace remit::trace {

void write_round(EventFile& file, const std::string& name, const std::string& id, const RoundTrack& round, Nanoseconds end,
                 std::string_view how) {
    constexpr std::string_view kCategory = "round";
    file.async_begin(kCategory, id, round.begin, name,
                     fmt::format(R"("first token":{},"tokens":{},"blocks":{}{})", round.first_token, round.tokens, round.blocks,
                                 how.empty() ? "" : fmt::format(R"(,"end":"{}")", how)));
    const auto part = [&](std::string_view what, Nanoseconds from, Nanoseconds to) {
        if (from != 0 && to != 0) file.async(kCategory, id, from, to, what, "");
    };
    part("on the wire", round.begin, round.arrived);
    part("becomes visible", round.arrived, round.visible);
    part("copy out", round.copy_begin, round.copy_end);
    file.async_end(kCategory, id, end, name);
}

}  // namespace remit::trace
