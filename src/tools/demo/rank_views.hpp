#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tools/run/observer.hpp"

namespace remit::tools {

/// What each language worker of a demo tells, made part of one picture: its events carry its rank where there are
/// several, and of their progress the slowest's is shown. Thread-safe where the whole is.
class RankViews {
public:
    /// @param whole outlives this object
    RankViews(Observer& whole, std::uint32_t ranks);
    ~RankViews();
    RankViews(const RankViews&) = delete;
    RankViews& operator=(const RankViews&) = delete;

    /// @param rank below `ranks`. Belongs to this object.
    [[nodiscard]] Observer& of(std::uint32_t rank);

private:
    class View;
    void show(std::uint32_t rank, const Progress& progress);

    Observer& whole_;
    std::mutex mutex_;
    std::vector<Progress> progress_;
    std::vector<std::unique_ptr<View>> views_;
};

}  // namespace remit::tools
