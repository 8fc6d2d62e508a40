#include "sim/world.hpp"

namespace remit::sim {

World::World(std::uint64_t seed, std::string_view scenario, Sabotage sabotage, bool words, const Reduction& reduction)
    : context_(seed, scenario, sabotage, words, reduction), reduction_(reduction) {
    const Settings& s = context_.settings;
    for (std::uint32_t i = 0; i < s.embeddings.size(); ++i) {
        embeddings_.push_back(std::make_unique<EmbeddingHost>(context_, i));
    }
    for (std::uint32_t i = 0; i < s.languages.size(); ++i) {
        languages_.push_back(std::make_unique<LanguageHost>(context_, i));
    }
    make_rooms();
}

void World::make_rooms() {
    Random& random = context_.random;
    const Settings& s = context_.settings;
    Users& users = context_.users;
    users.sends_to_come.resize(s.embeddings.size());
    if (s.has(Fault::refuse_register)) {
        context_.count(Fault::refuse_register);
        users.hard = true;
    }
    for (std::uint32_t i = 0; i < s.rooms; ++i) {
        std::vector<std::uint32_t> languages;
        for (std::uint32_t l = 0; l < s.languages.size(); ++l) languages.push_back(l);
        random.shuffle(languages);
        languages.resize(std::min<std::size_t>(languages.size(), random.pick({1u, 1u, 2u, 3u, 4u})));
        rooms_.push_back({100 + i, static_cast<std::uint32_t>(random.below(s.embeddings.size())), languages,
                          random.between(1, s.most_tokens)});
    }
    for (const Room& room : rooms_) users.plan_room(room.room, room.embedding, room.languages, room.total, false);
    random.shuffle(users.receptions_to_come);
    for (auto& planned : users.sends_to_come) random.shuffle(planned);
}

void World::run() {
    for (std::uint32_t i = 0; i < context_.settings.steps; ++i) {
        static_cast<void>(step(false));
    }
    const bool late = context_.random.percent(50);
    if (late) {
        hold_ = true;
        context_.network.hold_late_ones();
    }
    // Long enough for what a room's end leaves: CLOSE is repeated, rejections are remembered.
    settle(context_.now + 1500 * kTick);
    if (!context_.settings.has(Fault::refuse_register)) fresh_rooms(late);
}

}  // namespace remit::sim
