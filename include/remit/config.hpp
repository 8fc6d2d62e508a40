#pragma once

#include <remit/export.hpp>
#include <remit/options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Options from a TOML file, from environment variables and from a command line. Nothing in remit reads a file or the
/// environment by itself: who wants that calls load_config() or has a ConfigLoader.
namespace remit {

/// The options of both workers. A section that both have (control, fabric, memory, timing, limits) is set in both.
struct Config {
    EmbeddingWorkerOptions embedding{};
    LanguageWorkerOptions language{};
};

/// Where a value came from. A later one of these wins over an earlier one, in whatever order they are read.
enum class ConfigSource : std::uint8_t { defaults, file, environment, command_line };

[[nodiscard]] REMIT_API std::string_view to_string(ConfigSource source) noexcept;

/// One key and what it is now.
struct ConfigValue {
    std::string key;    ///< "fabric.queue_pairs"
    std::string value;  ///< as set() takes it: "4", "30s", "4MiB"; a list's items with commas between
    ConfigSource source = ConfigSource::defaults;
    std::string where;  ///< "default", "remit.toml:7", "REMIT_FABRIC_QUEUE_PAIRS", "--qps"
};

/// What is known of one key.
struct ConfigKey {
    std::string key;          ///< "fabric.queue_pairs": `queue_pairs` in the table `[fabric]` of a file
    std::string environment;  ///< "REMIT_FABRIC_QUEUE_PAIRS"
    std::string type;         ///< "boolean", "integer", "size", "duration", "number", "choice", "text", "list"
    std::string permitted;    ///< "1 to 16"
    std::string default_value;
    std::string help;
};

/// Every key, section by section.
[[nodiscard]] REMIT_API std::vector<ConfigKey> config_keys();

/// Puts the options together from several sources and remembers for each key where its value is from. Not thread-safe.
/// Each reader checks what it reads before it changes anything: an unknown key, a wrong type or a value out of range
/// throws Error(bad_argument) that names source and line, value, what is permitted and, for an unknown key, the nearest
/// known one.
class REMIT_API ConfigLoader {
public:
    ConfigLoader();
    /// @param defaults what holds where no source says anything, instead of the API's
    explicit ConfigLoader(Config defaults);

    /// A TOML file. Of several files a later one wins. @throws Error as above, and where the file cannot be read.
    void read_file(const std::string& path);
    /// The same, of text. @param name stands for the file in messages and origins
    void read_toml(std::string_view text, const std::string& name);

    /// Variables as `REMIT_FABRIC_QUEUE_PAIRS=4` of this process. Names that begin with REMIT_ and are no key's are
    /// refused where they begin with the name of a section or are a slip away from a key's, and else left alone.
    void read_environment();
    /// The same of other variables. @param variables "NAME=value" each, with a null behind the last
    void read_environment(const char* const* variables);

    /// What a command line says. @param where the option, for messages and origins
    void set(std::string_view key, std::string_view value, const std::string& where);

    [[nodiscard]] const Config& config() const noexcept { return config_; }
    /// Every key in the order of config_keys().
    [[nodiscard]] std::vector<ConfigValue> values() const;
    [[nodiscard]] ConfigSource source_of(std::string_view key) const;

    /// @throws Error(bad_argument) where values that are each permitted contradict each other, as a worker would.
    void check() const;

private:
    struct Origin {
        ConfigSource source = ConfigSource::defaults;
        std::string where = "default";
    };

    template <typename Value>
    void take(std::size_t key, const Value& value, Origin origin);

    Config config_;
    std::vector<Origin> origins_;  ///< as config_keys()
};

/// Defaults, then `file` (none where empty), then the environment of this process where `environment` says so.
/// @throws Error as ConfigLoader, and for values that contradict each other.
[[nodiscard]] REMIT_API Config load_config(const std::string& file, bool environment = true);

}  // namespace remit
