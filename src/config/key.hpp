#pragma once

#include "config/value.hpp"

#include <remit/config.hpp>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remit::config {

/// How a key reaches its field. A getter is null where that worker's options have no such field.
struct Access {
    std::function<Value(const EmbeddingWorkerOptions&)> embedding;
    std::function<Value(const LanguageWorkerOptions&)> language;
    std::function<void(Config&, const Value&)> set;

    /// Of the embedding worker's options where they have it.
    [[nodiscard]] Value get(const Config& config) const {
        return embedding ? embedding(config.embedding) : language(config.language);
    }
};

/// One key: how it is called, what it permits, which field it is. Files, environment, options of the command, the checks
/// of the workers and the reference are all made of these.
struct Key {
    std::string name;
    Kind kind = Kind::text;
    Access access;
    std::string help;
    std::int64_t least = 0;  ///< of integer, size and duration
    std::int64_t most = kUnbounded;
    std::int64_t step = 1;   ///< they are multiples of it
    double least_number = 0;  ///< of number
    double most_number = 0;
    std::vector<std::int64_t> only{};                          ///< of integer: nothing else where not empty
    std::vector<std::pair<std::string, std::int64_t>> names{};  ///< of choice
    std::string allowed{};                                     ///< of text and list, in words

    /// "1 to 16", "fail, continue".
    [[nodiscard]] std::string permitted() const;
    [[nodiscard]] bool permits(const Value& value) const;
    /// What `text` says, where it is of the kind and permitted.
    [[nodiscard]] std::optional<Value> parse(std::string_view text) const;
    [[nodiscard]] std::string print(const Value& value) const;
    /// "REMIT_FABRIC_QUEUE_PAIRS"
    [[nodiscard]] std::string environment() const;
    /// "fabric" of "fabric.queue_pairs"
    [[nodiscard]] std::string_view section() const;
};

/// All keys in the order of the reference.
[[nodiscard]] const std::vector<Key>& keys();

/// Its index in keys(), or nothing.
[[nodiscard]] std::optional<std::size_t> find(std::string_view name);

}  // namespace remit::config
