#include "worker/language/receiver.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <array>
#include <utility>

namespace remit::worker::language {

using protocol::GenerationKey;

namespace {

std::uint32_t checked_receives(std::uint32_t credits, const fabric::Limits& limits) {
    const std::uint32_t most = std::min(limits.max_receives, limits.max_completions / 2);
    if (credits <= most) return credits;
    throw Error(ErrorKind::environment,
                fmt::format("limits.credits is {}; the device holds {} receives: lower limits.credits", credits, most));
}

}  // namespace

Receiver::Receiver(fabric::Fabric& fabric, std::uint32_t credits, std::uint32_t queue_pairs)
    : fabric_(fabric),
      queue_pairs_(queue_pairs),
      receives_(fabric.create_receive_queue(checked_receives(credits, fabric.limits()))),
      // Nothing but receives completes into it: these queue pairs send nothing.
      completions_(fabric.create_completion_queue(receives_->depth())) {
    receives_->post(receives_->depth());
}

std::vector<QueuePairAddress> Receiver::create(const GenerationKey& key) {
    if (!broken_.empty())
        throw Error(ErrorKind::environment, broken_ + "; this worker receives no more: start another");
    std::vector<std::unique_ptr<fabric::QueuePair>> made;
    std::vector<QueuePairAddress> addresses;
    // Rails take turns, so that neighbouring chunks of a round go over different ones.
    for (std::uint32_t i = 0; i < queue_pairs_ * fabric_.rails(); ++i) {
        made.push_back(fabric_.create_queue_pair(
            {completions_.get(), completions_.get(), receives_.get(), 1, i % fabric_.rails()}));
        addresses.push_back(made.back()->local());
    }
    for (std::uint32_t i = 0; i < made.size(); ++i) owners_[rail_number(addresses[i])] = {key, i};
    generations_[key] = std::move(made);
    return addresses;
}

void Receiver::connect(const GenerationKey& key, const std::vector<QueuePairAddress>& remote) {
    auto& pairs = generations_.at(key);
    std::vector<std::size_t> next(fabric_.rails());  // of a rail: where to look for its next queue pair
    for (std::uint32_t i = 0; i < remote.size(); ++i) {
        const std::uint32_t rail = remote[i].rail;
        std::size_t at = rail < next.size() ? next[rail] : pairs.size();
        while (at < pairs.size() && pairs[at]->local().rail != rail) ++at;
        if (at == pairs.size()) {
            throw Error(ErrorKind::refused, fmt::format("embedding worker answered more queue pairs on rail {} than it "
                                                        "was offered",
                                                        rail));
        }
        pairs[at]->connect(remote[i]);
        owners_[rail_number(pairs[at]->local())] = {key, i};
        next[rail] = at + 1;
    }
}

void Receiver::destroy(const GenerationKey& key, const OnArrival& on_arrival, const OnFailure& on_failure) {
    const auto found = generations_.find(key);
    if (found == generations_.end()) return;
    for (auto& pair : found->second) pair->to_error();
    // In ERR nothing more arrives; what did is taken while the numbers still mean these queue pairs.
    poll(on_arrival, on_failure);
    for (auto& pair : found->second) owners_.erase(rail_number(pair->local()));
    generations_.erase(found);
    // A message that was arriving may have taken a receive with it: fill up to the depth, whatever that was.
    receives_->post(receives_->depth());
}

bool Receiver::poll(const OnArrival& on_arrival, const OnFailure& on_failure) {
    bool moved = false;
    std::array<fabric::Completion, 32> batch;
    // No more can have come before: those of one filling of the receives that were put aside as a queue pair was
    // destroyed, and of the next. What comes meanwhile, however fast, is for the next look.
    std::size_t most = std::size_t{2} * receives_->depth();
    while (broken_.empty()) {
        const std::size_t count = take(batch);
        moved |= count > 0;
        for (std::size_t i = 0; i < count; ++i) {
            const fabric::Completion& completion = batch[i];
            const auto owner = owners_.find(completion.queue_pair);
            if (completion.kind == fabric::CompletionKind::immediate) receives_->post(1);
            if (owner == owners_.end()) {
                ++unknown_queue_pairs_;
            } else if (!completion.ok) {
                on_failure({owner->second.key, fabric::status_text(completion) + where(completion.queue_pair)});
            } else if (completion.kind == fabric::CompletionKind::immediate) {
                on_arrival({owner->second.key, owner->second.index, completion.immediate});
            }
        }
        if (count < batch.size() || count >= most) break;
        most -= count;
    }
    return tell_broken(on_failure) || moved;
}

/// The device, where there are several.
std::string Receiver::where(std::uint32_t queue_pair) const {
    return fabric_.rails() > 1 ? " on " + fabric_.device_on(queue_pair >> 24) : "";
}

std::size_t Receiver::take(std::span<fabric::Completion> batch) {
    try {
        return completions_->poll(batch);
    } catch (const Error& error) {
        broken_ = error.what();
        return 0;
    }
}

void Receiver::arm() {
    if (!broken_.empty()) return;
    try {
        completions_->arm();
    } catch (const Error& error) {
        broken_ = error.what();
    }
}

/// All generations complete into one queue: where it is broken, nothing arrives any more. Once.
bool Receiver::tell_broken(const OnFailure& on_failure) {
    if (broken_.empty() || std::exchange(told_broken_, true)) return false;
    for (const GenerationKey& key : generations()) on_failure({key, broken_});
    return true;
}

const GenerationKey* Receiver::owner_of(std::uint32_t queue_pair) const {
    const auto owner = owners_.find(queue_pair);
    return owner == owners_.end() ? nullptr : &owner->second.key;
}

std::vector<GenerationKey> Receiver::generations() const {
    std::vector<GenerationKey> keys;
    for (const auto& [key, pairs] : generations_) keys.push_back(key);
    return keys;
}

}  // namespace remit::worker::language
