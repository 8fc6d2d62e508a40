#include "bootstrap/publication.hpp"

#include <exception>

namespace remit::bootstrap {

Publication::Publication(std::unique_ptr<Directory> directory, Peer peer, RegistrationOptions options)
    : directory_(std::move(directory)), peer_(std::move(peer)), options_(std::move(options)) {
    publish();
    thread_ = std::thread([this] { keep(); });
}

Publication::~Publication() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    ended_.notify_all();
    thread_.join();
    if (const std::string why = directory_->withdraw(); !why.empty()) tell(false, why);
}

void Publication::publish() { directory_->publish(options_.rank, options_.sizes, peer_, options_.lifetime); }

void Publication::keep() {
    const auto period = std::chrono::duration_cast<std::chrono::milliseconds>(options_.lifetime) / 3;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, period, [this] { return end_; })) {
        lock.unlock();
        say_again();
        lock.lock();
    }
}

/// Loss and return are each told once.
void Publication::say_again() {
    try {
        publish();
        if (!reached_) tell(true, directory_->name() + " is back and knows this worker again");
        reached_ = true;
    } catch (const std::exception& error) {
        if (reached_) {
            tell(false, std::string(error.what()) + "; sessions go on, and the worker registers again when it can");
        }
        reached_ = false;
    }
}

void Publication::tell(bool known, const std::string& what) const {
    if (options_.on_change) options_.on_change(known, what);
}

}  // namespace remit::bootstrap
