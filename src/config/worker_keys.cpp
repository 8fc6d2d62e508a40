// Keys of deadlines, limits and of what each of the two workers has for itself.

#include "config/tables.hpp"

namespace remit::config {
namespace {

constexpr std::int64_t kMillisecond = 1000;
constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kMostTokens = 2147483647;

Key time(std::string name, std::chrono::milliseconds TimingOptions::*field, std::string help) {
    return duration("timing." + std::move(name), in_both(field), kMillisecond, kDay, kMillisecond, std::move(help));
}

Key limit(std::string name, std::uint32_t LimitOptions::*field, std::int64_t least, std::int64_t most,
          std::string help) {
    return integer("limits." + std::move(name), in_both(field), least, most, std::move(help));
}

}  // namespace

void add_timing_keys(std::vector<Key>& table) {
    using T = TimingOptions;
    table.push_back(time("ping_period", &T::ping_period, "PING to each live session"));
    table.push_back(time("peer_silence", &T::peer_silence,
                         "a peer not heard for this long is given up; longer than timing.ping_period"));
    table.push_back(time("room_deadline", &T::room_deadline, "receive() to Success, whatever it waits for"));
    table.push_back(time("register_deadline", &T::register_deadline, "receive() to REGISTERED"));
    table.push_back(time("init_deadline", &T::init_deadline, "INIT to the first answer of any kind"));
    table.push_back(time("park_deadline", &T::park_deadline,
                         "an INIT without `send`, a `send` without INIT or without more of its source"));
    table.push_back(time("round_deadline", &T::round_deadline, "a round under way of which nothing completes"));
    table.push_back(time("resume_deadline", &T::resume_deadline,
                         "all written that was offered but not all of the request, until RESUME"));
    table.push_back(time("memory_deadline", &T::memory_deadline, "a room that waits for blocks or credits"));
    table.push_back(time("abort_deadline", &T::abort_deadline, "ABORT to ABORTED before the generation is given up"));
    table.push_back(time("close_deadline", &T::close_deadline, "CLOSE is repeated this long"));
    table.push_back(time("backstop_deadline", &T::backstop_deadline, "a room whose deadlines another rank owns"));
    table.push_back(time("repeat_first", &T::repeat_first, "first repeat of an unanswered message"));
    table.push_back(time("repeat_most", &T::repeat_most, "repeats back off up to this"));
}

void add_limit_keys(std::vector<Key>& table) {
    using L = LimitOptions;
    table.push_back(limit("rooms", &L::rooms, 1, 1 << 24, "unfinished rooms a worker"));
    table.push_back(limit("parked", &L::parked, 1, 1 << 24, "parked INITs a worker"));
    table.push_back(limit("parked_blocks", &L::parked_blocks, 1, 1 << 30, "blocks that parked INITs name"));
    table.push_back(limit("rejections", &L::rejections, 1, 1 << 24, "rooms that reject() answers for"));
    table.push_back(limit("quarantine", &L::quarantine, 1, 1 << 24,
                          "failed rooms a language worker whose blocks may still be written into"));
    table.push_back(limit("peers", &L::peers, 1, 1 << 20, "sessions a worker"));
    table.push_back(limit("generations", &L::generations, 2, 1024, "sets of queue pairs a session"));
    table.push_back(limit("attempt_window", &L::attempt_window, 64, 1 << 24, "remembered attempts a session"));
    table.push_back(limit("attempts", &L::attempts, 1024, 1 << 28, "ended attempts remembered, of all sessions together"));
    table.push_back(limit("credits", &L::credits, 1, 1 << 20,
                          "receives for immediates a language worker; at least a round's queue pairs"));
    table.push_back(limit("outbox", &L::outbox, 16, 1 << 24, "control messages queued a peer"));
    table.push_back(size("limits.message_bytes", in_both(&L::message_bytes), 65536, 1 << 30,
                         "of a control message; a peer that sends more is cut off"));
}

void add_trace_keys(std::vector<Key>& table) {
    using T = TraceOptions;
    table.push_back(text("trace.file", in_both(&T::file), "a file, empty: none",
                         "what happened when, for ui.perfetto.dev; a file for each worker"));
    table.push_back(integer("trace.records", in_both(&T::records), 1024, 4194304,
                            "noted and not written yet; more are left out and counted"));
}

void add_embedding_keys(std::vector<Key>& table) {
    using E = EmbeddingWorkerOptions;
    table.push_back(choice("embedding.on_dead_rank", in_embedding(&E::on_dead_rank),
                           {{"fail", as_number(OnDeadRank::fail)}, {"continue", as_number(OnDeadRank::go_on)}},
                           "what the failure of one rank means for the others: they fail too, or go on"));
    table.push_back(choice("embedding.gather", in_embedding(&E::gather),
                           {{"auto", as_number(Gather::automatic)},
                            {"always", as_number(Gather::always)},
                            {"never", as_number(Gather::never)}},
                           "what is copied before it is sent"));
    table.push_back(size("embedding.chunk_bytes", in_embedding(&E::chunk_bytes), 4096, 1 << 30,
                         "a round is cut into chunks of at most this"));
    table.push_back(integer("embedding.send_regions", in_embedding(&E::send_regions), 2, 1024,
                            "send regions, each of one chunk"));
    table.push_back(integer("embedding.chunks_in_flight", in_embedding(&E::chunks_in_flight), 1, 1024,
                            "chunks that a queue pair holds at once"));
    table.push_back(size("embedding.in_place_bytes", in_embedding(&E::in_place_bytes), 0, kUnbounded,
                         "registered pieces of at least this are sent where they lie with embedding.gather = \"auto\""));
}

void add_language_keys(std::vector<Key>& table) {
    using W = LanguageWorkerOptions;
    using G = GuessOptions;
    table.push_back(choice("language.memory_policy", in_language(&W::memory_policy),
                           {{"shrink", as_number(MemoryPolicy::shrink)},
                            {"wait", as_number(MemoryPolicy::wait)},
                            {"fail", as_number(MemoryPolicy::fail)}},
                           "short of blocks a room takes what there is and resumes again, waits, or fails"));
    table.push_back(boolean("language.overlap", in_language(&W::overlap),
                            "offers the next round while the last is on the wire, where blocks are free"));
    table.push_back(boolean("language.checksum", in_language(&W::checksum),
                            "compares each segment's CRC32C with the sender's before Success"));
    table.push_back(number("language.guess.share", in_language(&G::share), 0.01, 0.999,
                           "of requests that shall need no resume where the worker guesses"));
    table.push_back(integer("language.guess.history", in_language(&G::history), 8, 65535, "latest requests that count"));
    table.push_back(integer("language.guess.first_tokens", in_language(&G::first_tokens), 1, kMostTokens,
                            "the guess before 8 lengths are known"));
    table.push_back(integer("language.guess.most_tokens", in_language(&G::most_tokens), 1, kMostTokens,
                            "upper bound of the guess"));
    table.push_back(integer("language.guess.least_tokens", in_language(&G::least_tokens), 1, kMostTokens,
                            "lower bound of the guess"));
    table.push_back(number("language.guess.free_share", in_language(&G::free_share), 0.001, 1,
                           "of the free blocks that one guess may take; it gets one at least"));
}

}  // namespace remit::config
