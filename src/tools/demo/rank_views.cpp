#include "tools/demo/rank_views.hpp"

#include <algorithm>
#include <optional>

namespace remit::tools {

class RankViews::View final : public Observer {
public:
    View(RankViews& all, std::uint32_t rank) : all_(all), rank_(rank) {}

    void ready(Side side, const std::string& endpoint, const std::string& device) override {
        all_.whole_.ready(side, endpoint, device);
    }
    void timeline(const TimelineEvent& event) override {
        TimelineEvent named = event;
        if (all_.views_.size() > 1) named.rank = rank_;
        all_.whole_.timeline(named);
    }
    void progress(const Progress& progress) override { all_.show(rank_, progress); }

private:
    RankViews& all_;
    std::uint32_t rank_;
};

RankViews::RankViews(Observer& whole, std::uint32_t ranks) : whole_(whole), progress_(ranks) {
    for (std::uint32_t rank = 0; rank < ranks; ++rank) views_.push_back(std::make_unique<View>(*this, rank));
}

RankViews::~RankViews() = default;

Observer& RankViews::of(std::uint32_t rank) {
    return *views_.at(rank);
}

void RankViews::show(std::uint32_t rank, const Progress& progress) {
    const std::lock_guard lock(mutex_);
    progress_.at(rank) = progress;
    const auto slowest = std::min_element(progress_.begin(), progress_.end(),
                                          [](const auto& a, const auto& b) { return a.tokens_done < b.tokens_done; });
    // Who has told nothing yet knows no total either.
    Progress shown = progress;
    shown.requests_done = slowest->requests_done;
    shown.tokens_done = slowest->tokens_done;
    whole_.progress(shown);
}

}  // namespace remit::tools
