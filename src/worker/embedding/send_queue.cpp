#include "worker/embedding/send_queue.hpp"

#include <algorithm>

namespace remit::worker::embedding {

using protocol::AttemptKey;
using protocol::GenerationKey;

SendQueue::SendQueue(fabric::Fabric& fabric, memory::CopyExecutor& copies, const Layout& layout,
                     const Settings& settings)
    : fabric_(fabric),
      copies_(copies),
      layout_(layout),
      settings_(settings),
      regions_(fabric, settings.send_regions, settings.plan.chunk_bytes) {}

SendQueue::~SendQueue() {
    // Queue pairs go before the regions that they read; copies end before both.
    links_.clear();
    while (!gathering_.empty()) {
        if (copies_.done(units_[gathering_.front()].ticket)) gathering_.pop();
    }
}

std::vector<QueuePairAddress> SendQueue::build_link(const protocol::embedding::BuildGeneration& generation) {
    auto link = std::make_unique<Link>(generation.key, fabric_, settings_.link, generation.pool,
                                       generation.limits.max_message, generation.remote);
    auto local = link->local();
    links_[generation.key] = std::move(link);
    return local;
}

void SendQueue::destroy_link(const GenerationKey& key) {
    const auto found = links_.find(key);
    if (found == links_.end()) return;
    const std::unique_ptr<Link> link = std::move(found->second);
    links_.erase(found);
    std::vector<UnitId> left;
    for (Lane& lane : link->lanes()) {
        lane.queue_pair.reset();  // from here on nothing reads a region or a source
        for (std::size_t i = 0; i < lane.waiting.size(); ++i) left.push_back(lane.waiting[i]);
        for (std::size_t i = 0; i < lane.in_flight.size(); ++i) {
            if (!lane.in_flight[i].marker) left.push_back(lane.in_flight[i].unit);
        }
    }
    std::sort(left.begin(), left.end());
    left.erase(std::unique(left.begin(), left.end()), left.end());
    for (const UnitId id : left) finish_unit(id, false);
    for (auto& [attempt, work] : works_) {
        if (work->link != link.get()) continue;
        work->link = nullptr;
        work->queued = false;
        work->cancelled = true;
        drop_unstaged(*work);
    }
    for (auto it = works_.lower_bound({key.session, key.generation, 0});
         it != works_.end() && it->first.generation_key() == key;) {
        Work& work = *it->second;
        ++it;  // an idle attempt that was forgotten goes
        check_idle(work);
    }
}

void SendQueue::start(const protocol::embedding::StartRound& request, std::shared_ptr<SendSource> source) {
    const auto link = links_.find(request.key.generation_key());
    auto& slot = works_[request.key];
    if (!slot) {
        slot = std::make_unique<Work>();
        slot->key = request.key;
        slot->flow.weight = weight_of(source->priority);
        slot->link = link == links_.end() ? nullptr : link->second.get();
        slot->immediates.assign(slot->link != nullptr ? slot->link->lanes().size() : 0, 0);
    }
    Work& work = *slot;
    work.source = std::move(source);
    work.shared_send = request.shared ? request.send : 0;
    work.busy = true;
    work.ready = request.ready;
    ++work.accepted;
    if (work.link != nullptr && !work.cancelled) {
        auto round = std::make_unique<Round>();
        round->number = request.round;
        round->send = request.send;
        round->range = request.range;
        round->blocks = request.blocks;
        round->planned = request.range.first;
        round->next_lane = static_cast<std::uint32_t>((request.key.attempt + request.round) % work.link->lanes().size());
        work.unplanned.push(round.get());
        if (work.rounds.size() <= round->number) work.rounds.resize(round->number + 1);
        work.rounds[round->number] = std::move(round);
        take_turn(work);
    }
    check_idle(work);
}

void SendQueue::more_ready(const protocol::embedding::MoreReady& more) {
    Work* work = work_at(more.key);
    if (work == nullptr || work->link == nullptr || work->cancelled) return;
    work->ready = more.ready;
    take_turn(*work);
}

void SendQueue::cancel(const AttemptKey& key) {
    Work* work = work_at(key);
    if (work == nullptr) return;
    work->cancelled = true;
    drop_unstaged(*work);
    check_idle(*work);
}

/// Immediates that accepted rounds still lack go out behind what is posted already.
void SendQueue::close(const AttemptKey& key) {
    Work* work = work_at(key);
    if (work == nullptr || work->link == nullptr) return;
    work->cancelled = true;
    drop_unstaged(*work);
    work->busy = true;
    clock_.join(work->flow);
    for (std::uint32_t lane = 0; lane < work->immediates.size(); ++lane) {
        for (std::uint32_t round = work->immediates[lane]; round < work->accepted; ++round) {
            const UnitId id = new_unit(*work, nullptr, lane);
            units_[id].immediate = true;
            units_[id].closing = true;
            units_[id].finish = clock_.charge(work->flow, 0);
            gathering_.push(id);
        }
    }
    check_idle(*work);
}

void SendQueue::forget(const AttemptKey& key) {
    Work* work = work_at(key);
    if (work == nullptr) return;
    work->forgotten = true;
    check_idle(*work);
}

bool SendQueue::pump() {
    bool moved = false;
    moved |= complete_all();
    moved |= stage();
    moved |= collect_gathered();
    moved |= post_all();
    return moved;
}

void SendQueue::arm() {
    for (auto& [key, link] : links_) link->completions().arm();
}

const GenerationKey* SendQueue::owner_of(std::uint32_t queue_pair) {
    for (auto& [key, link] : links_) {
        if (link->lane_of(queue_pair) != nullptr) return &key;
    }
    return nullptr;
}

std::vector<GenerationKey> SendQueue::links() const {
    std::vector<GenerationKey> keys;
    for (const auto& [key, link] : links_) keys.push_back(key);
    return keys;
}

Work* SendQueue::work_at(const AttemptKey& key) {
    const auto found = works_.find(key);
    return found == works_.end() ? nullptr : found->second.get();
}

}  // namespace remit::worker::embedding
