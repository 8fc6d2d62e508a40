#pragma once

#include <remit/remit.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace remit::capi::test {

/// A deadline in ms for this machine: REMIT_TIME_SCALE stretches it.
inline std::int64_t patience() {
    const char* scale = std::getenv("REMIT_TIME_SCALE");
    const double factor = scale == nullptr ? 1.0 : std::strtod(scale, nullptr);
    return static_cast<std::int64_t>(20'000 * (factor > 0 ? factor : 1.0));
}

/// That code, and a sentence that has all the parts.
inline void expect(remit_code got, remit_code code, const std::vector<std::string>& parts) {
    EXPECT_STREQ(remit_code_name(got), remit_code_name(code)) << remit_last_error();
    for (const std::string& part : parts) {
        EXPECT_NE(std::string(remit_last_error()).find(part), std::string::npos) << part << " in: " << remit_last_error();
    }
}

/// Two workers of four blocks on a loopback network of their own.
class ErrorsOfC : public testing::Test {
protected:
    ErrorsOfC() {
        static int networks = 0;
        remit_config* config = nullptr;
        remit_shape shape = REMIT_SHAPE_INIT;
        shape.hidden = 16;
        EXPECT_EQ(remit_config_create(&config), REMIT_OK);
        EXPECT_EQ(remit_config_set(config, "fabric.kind", "loopback"), REMIT_OK);
        EXPECT_EQ(remit_config_set(config, "fabric.loopback_network", ("errors " + std::to_string(++networks)).c_str()),
                  REMIT_OK);
        EXPECT_EQ(remit_layout_multimodal(&shape, &layout_), REMIT_OK);
        EXPECT_EQ(remit_embedding_worker_create(config, layout_, 4, &embedding_), REMIT_OK) << remit_last_error();
        EXPECT_EQ(remit_language_worker_create(config, layout_, 4, &language_), REMIT_OK) << remit_last_error();
        EXPECT_EQ(remit_embedding_worker_endpoint(embedding_, endpoint_, sizeof endpoint_, nullptr), REMIT_OK);
        remit_config_destroy(config);
    }
    ~ErrorsOfC() override {
        remit_language_worker_destroy(language_);
        remit_embedding_worker_destroy(embedding_);
        remit_layout_destroy(layout_);
    }

    remit_reception* receive(std::uint64_t room, const remit_receive_options* options = nullptr) {
        remit_reception* reception = nullptr;
        EXPECT_EQ(remit_language_worker_receive(language_, room, endpoint_, options, &reception), REMIT_OK) << remit_last_error();
        return reception;
    }
    /// Room, one token, from a block that is given back by give_back().
    remit_send* send(std::uint64_t room) {
        remit_send* send = nullptr;
        std::size_t count = 0;
        EXPECT_EQ(remit_embedding_worker_allocate(embedding_, 1, &block_, 1, &count), REMIT_OK) << remit_last_error();
        EXPECT_EQ(remit_embedding_worker_send_blocks(embedding_, room, &block_, 1, 1, nullptr, nullptr, &send), REMIT_OK);
        return send;
    }
    void expect_failed(remit_reception* reception, const std::string& part) {
        remit_status status = -1;
        EXPECT_EQ(remit_reception_wait(reception, patience(), &status), REMIT_OK);
        EXPECT_STREQ(remit_status_name(status), "Failed");
        char reason[512] = "";
        EXPECT_EQ(remit_reception_reason(reception, reason, sizeof reason, nullptr), REMIT_OK);
        EXPECT_NE(std::string(reason).find(part), std::string::npos) << part << " in: " << reason;
    }

    remit_layout* layout_ = nullptr;
    remit_embedding_worker* embedding_ = nullptr;
    remit_language_worker* language_ = nullptr;
    char endpoint_[128] = "";
    std::uint32_t block_ = 0;
};

}  // namespace remit::capi::test
