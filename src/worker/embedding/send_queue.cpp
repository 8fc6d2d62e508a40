#include "worker/embedding/send_queue.hpp"

#include "worker/clock.hpp"
#include "worker/embedding/chain.hpp"

#include <remit/error.hpp>

#include <algorithm>

namespace remit::worker::embedding {

using protocol::AttemptKey;
using protocol::GenerationKey;

SendQueue::SendQueue(fabric::Fabric& fabric, memory::Provider& memory, memory::CopyExecutor& copies,
                     const Layout& layout, const Settings& settings)
    : fabric_(fabric),
      copies_(copies),
      layout_(layout),
      settings_(settings),
      regions_(fabric, memory, settings.send_regions, settings.plan.chunk_bytes, settings.gpu_direct),
      chain_(std::make_unique<Chain>()) {}

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
    const auto known = works_.find(request.key);
    Work& work = known != works_.end() ? *known->second : open_work(request.key, source->priority);
    work.source = std::move(source);
    work.send = request.send;
    work.shared_send = request.shared ? request.send : 0;
    work.busy = true;
    work.ready = request.ready;
    ++work.accepted;
    if (work.link != nullptr && !work.cancelled) {
        auto round = spare_rounds_.take();
        round->number = request.round;
        round->send = request.send;
        round->range = request.range;
        round->blocks = request.blocks;
        round->planned = request.range.first;
        round->parts = 0;
        round->payload = 0;
        round->started = steady_now();
        round->next_lane = static_cast<std::uint32_t>((request.key.attempt + request.round) % work.link->lanes().size());
        work.unplanned.push(round.get());
        work.rounds.push_back(std::move(round));
        take_turn(work);
    }
    check_idle(work);
}

Work& SendQueue::open_work(const AttemptKey& key, int priority) {
    const auto found = links_.find(key.generation_key());
    Link* link = found == links_.end() ? nullptr : found->second.get();
    auto at = works_.end();
    if (spare_works_.empty()) {
        at = works_.emplace(key, std::make_unique<Work>()).first;
    } else {
        spare_works_.back().key() = key;
        at = works_.insert(std::move(spare_works_.back())).position;
        spare_works_.pop_back();
    }
    at->second->open(key, link, weight_of(priority), link != nullptr ? link->lanes().size() : 0);
    return *at->second;
}

void SendQueue::forget_work(const AttemptKey& key) {
    auto node = works_.extract(key);
    spare_rounds_.give_all(node.mapped()->rounds);
    spare_parts_.give_all(node.mapped()->parts);
    node.mapped()->source.reset();
    if (spare_works_.size() < kMostSpares) spare_works_.push_back(std::move(node));
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
            if (settings_.recorder != nullptr) traced_[id].round = round;
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

bool SendQueue::owes_idle(const AttemptKey& key) {
    const Work* work = work_at(key);
    return work != nullptr && work->busy;
}

bool SendQueue::pump() {
    bool moved = false;
    moved |= complete_all();
    moved |= take_filled();
    moved |= stage();
    moved |= collect_gathered();
    moved |= post_all();
    return moved;
}

SendQueue::Wait SendQueue::waits() const {
    if (!gathering_.empty() && !copies_.late()) return Wait::spinning;
    return gathering_.empty() && unready_.empty() && !starved_ ? Wait::none : Wait::shortly;
}

void SendQueue::arm() {
    for (auto& [key, link] : links_) {
        if (!link->in_flight()) continue;
        try {
            link->completions().arm();
        } catch (const Error& error) {
            fail_link(*link, error.what());
        }
    }
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
