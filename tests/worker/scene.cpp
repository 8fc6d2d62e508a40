#include "scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace remit::worker::test {
namespace {

constexpr std::uint32_t kBlocks = 2;
// Long enough to be in the middle for as long as a fault needs to show.
constexpr Content kFirst{1, 60'000, 1};
constexpr Content kNext{2, 3'000, 2};

void expect_one_of(const std::string& reason, const std::vector<std::string>& words) {
    const bool named = std::any_of(words.begin(), words.end(),
                                   [&](const std::string& word) { return reason.find(word) != std::string::npos; });
    EXPECT_TRUE(named) << "not a reason that was expected: " << reason;
}

}  // namespace

Layout narrow_layout() {
    Layout::Shape shape;
    shape.block_size = 16;
    shape.hidden = 16;
    return Layout::multimodal(shape);
}

void quicken(TimingOptions& timing) {
    timing.ping_period = scaled(100);
    timing.peer_silence = scaled(800);
    timing.abort_deadline = scaled(2000);
    timing.close_deadline = scaled(500);
}

EmbeddingWorkerOptions Scene::quick_embedding() {
    auto options = verbs_embedding();
    quicken(options.timing);
    return options;
}

LanguageWorkerOptions Scene::quick_language() {
    auto options = verbs_language();
    quicken(options.timing);
    return options;
}

void Scene::be_embedding(Line& line, const Expected& expected) const {
    EmbeddingWorker worker(embedding, narrow_layout(), 256);
    line.tell(worker.endpoint());
    {
        const Outgoing first(worker, kFirst, From::contiguous);
        EXPECT_EQ(line.hear(), "midway");
        if (at_embedding) at_embedding();
        line.tell("done");
        if (expected.success) {
            first.expect_success(60'000);
        } else {
            first.expect_failed("");
            expect_one_of(first.send().reason(), expected.sender);
        }
    }
    line.tell("ended");
    EXPECT_EQ(line.hear(), "next");
    if (mend_embedding) mend_embedding();
    const Outgoing next(worker, kNext);
    next.expect_success();
    line.tell("sent");
    EXPECT_EQ(line.hear(), "end");
}

void Scene::interrupt(LanguageWorker& worker, Line& line, const std::string& endpoint, const Expected& expected) const {
    const Incoming first(worker, endpoint, kFirst.room, Into::sink);
    ASSERT_TRUE(comes_true([&] { return first.reception().rounds() >= 3 || is_final(first.reception().poll()); }));
    ASSERT_EQ(first.reception().poll(), Status::Transferring) << first.reception().reason();
    line.tell("midway");
    EXPECT_EQ(line.hear(), "fault");
    if (at_language) at_language();
    line.tell("done");
    if (expected.success) return first.expect_success(kFirst, 60'000);
    first.expect_failed("");
    expect_one_of(first.reception().reason(), expected.receiver);
}

void Scene::receive_next(LanguageWorker& worker, Line& line, const std::string& endpoint) {
    const Incoming next(worker, endpoint, kNext.room, Into::sink);
    next.expect_success(kNext);
    line.tell("received");
    EXPECT_EQ(line.hear(), "end");
}

void Scene::be_language(Line& line, const std::string& endpoint, const Expected& expected) const {
    LanguageWorker worker(language, narrow_layout(), kBlocks);
    interrupt(worker, line, endpoint, expected);
    expect_whole(worker);
    line.tell("ended");
    if (new_receiver) return;
    EXPECT_EQ(line.hear(), "next");
    if (mend_language) mend_language();
    receive_next(worker, line, endpoint);
}

void Scene::play(const Expected& expected) const {
    Process sender([&](Line& line) { be_embedding(line, expected); });
    const std::string endpoint = sender.line().hear();
    auto receiver = std::make_unique<Process>([&](Line& line) { be_language(line, endpoint, expected); });
    ASSERT_EQ(receiver->line().hear(), "midway");
    if (outside) outside();
    receiver->line().tell("fault");
    EXPECT_EQ(receiver->line().hear(), "done");
    sender.line().tell("midway");
    EXPECT_EQ(sender.line().hear(), "done");
    EXPECT_EQ(receiver->line().hear(60'000), "ended");
    EXPECT_EQ(sender.line().hear(60'000), "ended");
    if (mend_outside) mend_outside();
    if (new_receiver) {
        receiver->expect_success();
        receiver = std::make_unique<Process>([&](Line& line) {
            LanguageWorker worker(language, narrow_layout(), kBlocks);
            EXPECT_EQ(line.hear(), "next");
            receive_next(worker, line, endpoint);
        });
    }
    sender.line().tell("next");
    receiver->line().tell("next");
    EXPECT_EQ(receiver->line().hear(60'000), "received");
    EXPECT_EQ(sender.line().hear(60'000), "sent");
    receiver->line().tell("end");
    sender.line().tell("end");
    receiver->expect_success();
    sender.expect_success();
}

void Scene::expect_failure(const std::vector<std::string>& at_sender,
                           const std::vector<std::string>& at_receiver) const {
    play({false, at_sender, at_receiver});
}

void Scene::expect_survival() const {
    play({true, {}, {}});
}

}  // namespace remit::worker::test
