// The table of keys: every key reaches its own field and no other, and comes back as it was written in each way there is
// to write it.

#include "config/key.hpp"

#include "refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace remit::config::test {
namespace {

/// A permitted value other than the default.
std::string other_value(const Key& key) {
    const Value now = key.access.get(Config{});
    switch (key.kind) {
        case Kind::boolean: return std::get<bool>(now) ? "false" : "true";
        case Kind::number: return key.print(std::get<double>(now) == key.least_number ? key.most_number : key.least_number);
        case Kind::choice:
            for (const auto& [name, value] : key.names) {
                if (value != std::get<std::int64_t>(now)) return name;
            }
            break;
        case Kind::text: return "other \"value\" \\ of " + key.name;
        case Kind::list: return "10.0.0.1,fd00::1";
        case Kind::integer:
        case Kind::size:
        case Kind::duration: break;
    }
    const std::int64_t least = key.only.empty() ? key.least : key.only.front();
    const std::int64_t second = key.only.empty() ? key.least + key.step : key.only.back();
    return key.print(std::get<std::int64_t>(now) == least ? second : least);
}

/// As a file writes it.
std::string toml_value(const Key& key, const std::string& text) {
    switch (key.kind) {
        case Kind::boolean:
        case Kind::integer:
        case Kind::number: return text;
        case Kind::list: return "['10.0.0.1', 'fd00::1']";
        default: return std::string("'").append(text).append("'");
    }
}

std::string toml_line(const Key& key, const std::string& text) {
    const std::string name = key.name.substr(key.section().size() + 1);
    std::ostringstream lines;
    lines << "[" << key.section() << "]\n" << name << " = " << toml_value(key, text) << "\n";
    return lines.str();
}

class EveryKey : public testing::TestWithParam<std::size_t> {
protected:
    const Key& key_ = keys()[GetParam()];
    const std::string text_ = other_value(key_);

    /// This key has the value, and every other one its default.
    void expect_only_this(const ConfigLoader& loader, ConfigSource source, const std::string& where) const {
        const std::vector<ConfigValue> defaults = ConfigLoader().values();
        const std::vector<ConfigValue> values = loader.values();
        ASSERT_EQ(values.size(), keys().size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            const bool mine = i == GetParam();
            EXPECT_EQ(values[i].value, mine ? text_ : defaults[i].value) << values[i].key;
            EXPECT_EQ(values[i].source, mine ? source : ConfigSource::defaults) << values[i].key;
            EXPECT_EQ(values[i].where, mine ? where : "default") << values[i].key;
        }
        // Both workers' options hold it where both have the field.
        if (key_.access.embedding) {
            EXPECT_EQ(key_.print(key_.access.embedding(loader.config().embedding)), text_);
        }
        if (key_.access.language) {
            EXPECT_EQ(key_.print(key_.access.language(loader.config().language)), text_);
        }
    }
};

TEST_P(EveryKey, ComesFromAFile) {
    ConfigLoader loader;
    loader.read_toml(toml_line(key_, text_), "remit.toml");
    expect_only_this(loader, ConfigSource::file, "remit.toml:2");
}

TEST_P(EveryKey, ComesFromTheEnvironment) {
    const std::string variable = key_.environment() + "=" + text_;
    const char* const variables[] = {"PATH=/bin", variable.c_str(), nullptr};
    ConfigLoader loader;
    loader.read_environment(variables);
    expect_only_this(loader, ConfigSource::environment, key_.environment());
}

TEST_P(EveryKey, ComesFromTheCommandLine) {
    ConfigLoader loader;
    loader.set(key_.name, text_, "--set");
    expect_only_this(loader, ConfigSource::command_line, "--set");
}

TEST_P(EveryKey, HasADefaultThatItPermitsAndPrintsAsItReads) {
    const Value value = key_.access.get(Config{});
    EXPECT_TRUE(key_.permits(value));
    EXPECT_EQ(key_.parse(key_.print(value)), value);
    EXPECT_FALSE(key_.permitted().empty());
    EXPECT_FALSE(key_.help.empty());
    ASSERT_TRUE(key_.access.embedding || key_.access.language);
}

TEST_P(EveryKey, RefusesWhatIsJustOutOfRange) {
    if (key_.kind == Kind::text || key_.kind == Kind::list) {
        EXPECT_TRUE(key_.parse("nonsense")) << "any text is one";
        return;
    }
    std::vector<std::string> wrong{"", "nonsense"};
    const bool counted = key_.kind == Kind::integer || key_.kind == Kind::size || key_.kind == Kind::duration;
    if (counted && key_.most != kUnbounded) wrong.push_back(key_.print(key_.most + key_.step));
    if (counted && key_.least > 0) wrong.push_back(key_.print(key_.least - key_.step));
    if (counted && key_.step > 1) wrong.push_back(key_.print(key_.least + 1));
    if (key_.kind == Kind::integer) wrong.push_back(std::to_string(key_.least - 1));
    if (key_.kind == Kind::number) wrong.insert(wrong.end(), {"nan", "-1", key_.print(key_.most_number + 1)});
    for (const std::string& text : wrong) {
        ConfigLoader loader;
        const std::string why = refusal([&] { loader.set(key_.name, text, "--set"); });
        EXPECT_THAT(why, testing::AllOf(testing::HasSubstr("--set: " + key_.name + " is \"" + text + "\""),
                                        testing::HasSubstr("permitted: "), testing::HasSubstr(key_.permitted())));
    }
}

INSTANTIATE_TEST_SUITE_P(, EveryKey, testing::Range<std::size_t>(0, keys().size()), [](const auto& test) {
    std::string name = keys()[test.param].name;
    for (char& letter : name) letter = letter == '.' ? '_' : letter;
    return name;
});

TEST(Keys, HaveNamesAndVariablesOfTheirOwn) {
    std::set<std::string> names;
    std::set<std::string> variables;
    for (const ConfigKey& key : config_keys()) {
        EXPECT_TRUE(names.insert(key.key).second) << key.key;
        EXPECT_TRUE(variables.insert(key.environment).second) << key.environment;
    }
    EXPECT_EQ(keys()[*find("fabric.queue_pairs")].environment(), "REMIT_FABRIC_QUEUE_PAIRS");
    EXPECT_EQ(keys()[*find("control.keys.allowed_keys")].environment(), "REMIT_CONTROL_KEYS_ALLOWED_KEYS");
}

}  // namespace
}  // namespace remit::config::test
