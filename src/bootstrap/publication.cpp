#include "bootstrap/publication.hpp"

#include <remit/error.hpp>

#include "base/log.hpp"

namespace remit::bootstrap {

Publication::Publication(std::unique_ptr<Directory> directory, const RankId& rank, const RankSizes& sizes, Peer peer,
                         std::chrono::seconds lifetime)
    : directory_(std::move(directory)), rank_(rank), sizes_(sizes), peer_(std::move(peer)), lifetime_(lifetime) {
    directory_->publish(rank_, sizes_, peer_, lifetime_);
    thread_ = std::thread([this] { keep(); });
}

Publication::~Publication() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    ended_.notify_all();
    thread_.join();
    directory_->withdraw();
}

void Publication::keep() {
    const auto period = std::chrono::duration_cast<std::chrono::milliseconds>(lifetime_) / 3;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, period, [this] { return end_; })) {
        lock.unlock();
        say_again();
        lock.lock();
    }
}

/// Loss and return are each logged once.
void Publication::say_again() {
    try {
        directory_->publish(rank_, sizes_, peer_, lifetime_);
        if (!reached_) log().info("bootstrap: {} is back and knows this worker again", directory_->name());
        reached_ = true;
    } catch (const std::exception& error) {
        if (reached_) {
            log().warn("bootstrap: {}; sessions go on, and the worker registers again when it can", error.what());
        }
        reached_ = false;
    }
}

}  // namespace remit::bootstrap
