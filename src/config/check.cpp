#include "config/check.hpp"

#include "config/key.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

namespace remit::config {
namespace {

void check_value(const Key& key, const Value& value) {
    if (key.permits(value)) return;
    throw Error(ErrorKind::bad_argument, fmt::format("{} is {}; permitted: {}", key.name, key.print(value), key.permitted()));
}

/// Each key that these options have. @param section empty: of every section
template <typename Options>
void check_values(const Options& options, std::function<Value(const Options&)> Access::*get,
                  std::string_view section = {}) {
    for (const Key& key : keys()) {
        const auto& getter = key.access.*get;
        if (getter && (section.empty() || key.section() == section)) check_value(key, getter(options));
    }
}

void check_timing(const TimingOptions& timing) {
    if (timing.peer_silence > timing.ping_period) return;
    throw Error(ErrorKind::bad_argument,
                fmt::format("timing.peer_silence is {} ms; permitted: more than timing.ping_period, {} ms",
                            timing.peer_silence.count(), timing.ping_period.count()));
}

void check_guess(const GuessOptions& guess) {
    if (guess.least_tokens <= guess.most_tokens) return;
    throw Error(ErrorKind::bad_argument,
                fmt::format("language.guess.least_tokens is {}; permitted: 1 to {}, language.guess.most_tokens",
                            guess.least_tokens, guess.most_tokens));
}

}  // namespace

void check(const EmbeddingWorkerOptions& options) {
    check_values(options, &Access::embedding);
    check_timing(options.timing);
}

void check(const LanguageWorkerOptions& options) {
    check_values(options, &Access::language);
    check_timing(options.timing);
    check_guess(options.guess);
}

void check(const MemoryOptions& options) {
    EmbeddingWorkerOptions worker;
    worker.memory = options;
    check_values(worker, &Access::embedding, "memory");
}

}  // namespace remit::config
