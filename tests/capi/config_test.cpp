// Options by name, as C sets them.

#include <remit/remit.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace remit::capi::test {
namespace {

class ConfigOfC : public testing::Test {
protected:
    ConfigOfC() { EXPECT_EQ(remit_config_create(&config_), REMIT_OK); }
    ~ConfigOfC() override { remit_config_destroy(config_); }

    std::string value(const char* name) {
        char buffer[256] = "";
        EXPECT_EQ(remit_config_get(config_, name, buffer, sizeof buffer, nullptr), REMIT_OK) << remit_last_error();
        return buffer;
    }
    remit_config* config_ = nullptr;
};

TEST_F(ConfigOfC, AValueIsWhatWasSet) {
    EXPECT_EQ(value("fabric.queue_pairs"), "1");
    EXPECT_EQ(remit_config_set(config_, "fabric.queue_pairs", "4"), REMIT_OK);
    EXPECT_EQ(value("fabric.queue_pairs"), "4");
}

TEST_F(ConfigOfC, UnknownNamesAndImpossibleValuesAreNamed) {
    EXPECT_EQ(remit_config_set(config_, "fabric.colour", "red"), REMIT_BAD_ARGUMENT);
    EXPECT_NE(std::string(remit_last_error()).find("fabric.colour"), std::string::npos) << remit_last_error();
    EXPECT_EQ(remit_config_set(config_, "fabric.queue_pairs", "many"), REMIT_BAD_ARGUMENT);
    EXPECT_NE(std::string(remit_last_error()).find("many"), std::string::npos) << remit_last_error();
    EXPECT_EQ(value("fabric.queue_pairs"), "1");
    char buffer[8];
    EXPECT_EQ(remit_config_get(config_, "fabric.colour", buffer, sizeof buffer, nullptr), REMIT_BAD_ARGUMENT);
    EXPECT_NE(std::string(remit_last_error()).find("fabric.colour"), std::string::npos);
}

TEST_F(ConfigOfC, EveryNameThatIsListedCanBeReadAndSetToWhatItIs) {
    std::size_t count = 0;
    for (const char* name = remit_config_name(0); name != nullptr; name = remit_config_name(++count)) {
        EXPECT_EQ(remit_config_set(config_, name, value(name).c_str()), REMIT_OK) << name << ": " << remit_last_error();
    }
    EXPECT_GT(count, 40u);
    EXPECT_EQ(remit_config_name(SIZE_MAX), nullptr);
}

TEST_F(ConfigOfC, AFileIsReadAndAProgramsWordWinsOverIt) {
    const std::string path = testing::TempDir() + "remit_capi_" + std::to_string(::getpid()) + ".toml";
    std::ofstream(path) << "[fabric]\nqueue_pairs = 3\nkind = \"loopback\"\n";
    EXPECT_EQ(remit_config_set(config_, "fabric.queue_pairs", "5"), REMIT_OK);
    EXPECT_EQ(remit_config_read_file(config_, path.c_str()), REMIT_OK) << remit_last_error();
    EXPECT_EQ(value("fabric.queue_pairs"), "5");
    EXPECT_EQ(value("fabric.kind"), "loopback");
    std::filesystem::remove(path);
    EXPECT_NE(remit_config_read_file(config_, path.c_str()), REMIT_OK);
    EXPECT_NE(std::string(remit_last_error()).find(path), std::string::npos) << remit_last_error();
}

TEST_F(ConfigOfC, TheEnvironmentIsReadWhenAskedFor) {
    ASSERT_EQ(setenv("REMIT_FABRIC_QUEUE_PAIRS", "7", 1), 0);
    EXPECT_EQ(value("fabric.queue_pairs"), "1");
    EXPECT_EQ(remit_config_read_environment(config_), REMIT_OK) << remit_last_error();
    unsetenv("REMIT_FABRIC_QUEUE_PAIRS");
    EXPECT_EQ(value("fabric.queue_pairs"), "7");
}

TEST_F(ConfigOfC, NullIsNamed) {
    EXPECT_EQ(remit_config_create(nullptr), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_set(nullptr, "fabric.queue_pairs", "4"), REMIT_BAD_ARGUMENT);
    EXPECT_STREQ(remit_last_error(), "config is null");
    EXPECT_EQ(remit_config_set(config_, nullptr, "4"), REMIT_BAD_ARGUMENT);
    EXPECT_STREQ(remit_last_error(), "name is null");
    EXPECT_EQ(remit_config_set(config_, "fabric.queue_pairs", nullptr), REMIT_BAD_ARGUMENT);
    EXPECT_STREQ(remit_last_error(), "value is null");
    EXPECT_EQ(remit_config_read_file(config_, nullptr), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_read_file(nullptr, "x"), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_read_environment(nullptr), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_get(nullptr, "x", nullptr, 0, nullptr), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_set_pool(nullptr, nullptr, 0), REMIT_BAD_ARGUMENT);
    remit_config_destroy(nullptr);
}

TEST_F(ConfigOfC, APoolIsMemoryWithItsBytesOrNone) {
    int memory = 0;
    EXPECT_EQ(remit_config_set_pool(config_, &memory, 0), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_set_pool(config_, nullptr, 4), REMIT_BAD_ARGUMENT);
    EXPECT_EQ(remit_config_set_pool(config_, nullptr, 0), REMIT_OK);
    // Memory of the CPU's cannot be a pool: the worker says so, and so it has been told of it.
    ASSERT_EQ(remit_config_set_pool(config_, &memory, sizeof memory), REMIT_OK);
    ASSERT_EQ(remit_config_set(config_, "fabric.kind", "loopback"), REMIT_OK);
    remit_layout* layout = nullptr;
    const remit_shape shape = REMIT_SHAPE_INIT;
    ASSERT_EQ(remit_layout_multimodal(&shape, &layout), REMIT_OK);
    remit_embedding_worker* worker = nullptr;
    EXPECT_EQ(remit_embedding_worker_create(config_, layout, 1, &worker), REMIT_BAD_ARGUMENT);
    EXPECT_NE(std::string(remit_last_error()).find("memory.pool"), std::string::npos) << remit_last_error();
    EXPECT_EQ(worker, nullptr);
    remit_layout_destroy(layout);
}

}  // namespace
}  // namespace remit::capi::test
