#include "sim/shrink.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace remit::sim {
namespace {

// A smaller world is another world: it gets so many draws of what happens to fail in the same way.
constexpr std::uint64_t kSalts = 24;

class Shrinker {
public:
    Shrinker(std::uint64_t seed, std::string_view scenario, Sabotage sabotage)
        : seed_(seed), scenario_(scenario), sabotage_(sabotage) {
        shrunk_.before = run({});
        shrunk_.after = shrunk_.before;
        kind_ = kind_of(shrunk_.before.failure);
    }

    Shrunk result() {
        if (shrunk_.before.failure.empty()) return std::move(shrunk_);
        while (smaller_world()) {
        }
        while (fewer_misfortunes()) {
        }
        return std::move(shrunk_);
    }

private:
    Outcome run(const Reduction& reduction) {
        ++shrunk_.tried;
        return run_history(seed_, scenario_, sabotage_, false, reduction);
    }

    [[nodiscard]] bool fails_alike(const Outcome& outcome) const {
        return !outcome.failure.empty() && kind_of(outcome.failure) == kind_;
    }

    void keep(const Reduction& reduction, const Outcome& outcome) {
        shrunk_.reduction = reduction;
        shrunk_.after = outcome;
    }

    /// Takes over the candidate, with the draw that fails soonest, if there is one that fails alike.
    bool accept(Reduction candidate) {
        const std::uint64_t now = candidate.salt;
        bool found = false;
        for (std::uint64_t salt = 0; salt <= kSalts; ++salt) {
            candidate.salt = salt == 0 ? now : salt;
            const Outcome outcome = run(candidate);
            if (!fails_alike(outcome)) continue;
            if (found && outcome.statistics.steps >= shrunk_.after.statistics.steps) continue;
            found = true;
            keep(candidate, outcome);
        }
        return found;
    }

    bool smaller_world() {
        constexpr std::array kSizes{&Reduction::embeddings, &Reduction::languages, &Reduction::rooms,
                                    &Reduction::tokens};
        const std::array<std::uint64_t, 4> most{shrunk_.after.sizes.embeddings, shrunk_.after.sizes.languages,
                                                shrunk_.after.sizes.rooms, shrunk_.after.sizes.tokens};
        for (std::size_t i = 0; i < kSizes.size(); ++i) {
            for (std::uint64_t size = 1; size < most[i]; ++size) {
                Reduction candidate = shrunk_.reduction;
                candidate.*kSizes[i] = size;
                if (accept(candidate)) return true;
            }
        }
        for (std::size_t i = 0; i < kFaults; ++i) {
            if (!shrunk_.after.sizes.faults.test(i)) continue;
            Reduction candidate = shrunk_.reduction;
            candidate.without.set(i);
            if (accept(candidate)) return true;
        }
        return shorter();
    }

    bool shorter() {
        const std::uint64_t steps = shrunk_.after.sizes.steps;
        if (steps < 2) return false;
        Reduction candidate = shrunk_.reduction;
        for (const std::uint64_t less : {steps / 2, steps - 1}) {
            candidate.steps = less;
            if (accept(candidate)) return true;
        }
        return false;
    }

    /// Leaves out single misfortunes, last ones first.
    bool fewer_misfortunes() {
        for (std::uint64_t event = shrunk_.after.misfortunes; event-- > 0;) {
            if (shrunk_.reduction.drops(event)) continue;
            Reduction candidate = shrunk_.reduction;
            candidate.dropped.insert(std::upper_bound(candidate.dropped.begin(), candidate.dropped.end(), event),
                                     event);
            const Outcome outcome = run(candidate);
            if (!fails_alike(outcome) || outcome.statistics.steps > shrunk_.after.statistics.steps) continue;
            keep(candidate, outcome);
            return true;
        }
        return false;
    }

    std::uint64_t seed_;
    std::string_view scenario_;
    Sabotage sabotage_;
    std::string kind_;
    Shrunk shrunk_;
};

std::string in_words(const Outcome& outcome) {
    return fmt::format("{} embedding and {} language workers, {} rooms of up to {} tokens, {} misfortunes, {} steps",
                       outcome.sizes.embeddings, outcome.sizes.languages, outcome.sizes.rooms, outcome.sizes.tokens,
                       outcome.misfortunes, outcome.statistics.steps);
}

}  // namespace

Shrunk shrink(std::uint64_t seed, std::string_view scenario, Sabotage sabotage) {
    return Shrinker(seed, scenario, sabotage).result();
}

std::string replay_command(std::uint64_t seed, std::string_view scenario, Sabotage sabotage,
                           const Reduction& reduction) {
    std::string command = fmt::format("remit-sim --scenario {} --trace {}", scenario, seed);
    if (sabotage != Sabotage::none) command += fmt::format(" --sabotage {}", to_string(sabotage));
    const std::string reduced = reduction.text();
    return reduced.empty() ? command : fmt::format("{} --reduce \"{}\"", command, reduced);
}

std::string report_text(std::uint64_t seed, std::string_view scenario, Sabotage sabotage, const Shrunk& shrunk) {
    if (shrunk.before.failure.empty()) return fmt::format("seed {}: all checks held\n", seed);
    return fmt::format("{}\n  before: {}\n  after:  {} ({} dropped, {} histories tried)\n  {}\n", shrunk.after.failure,
                       in_words(shrunk.before), in_words(shrunk.after), shrunk.reduction.dropped.size(), shrunk.tried,
                       replay_command(seed, scenario, sabotage, shrunk.reduction));
}

}  // namespace remit::sim
