// Calls that cannot be meant: each has a code and a sentence, changes nothing, and never ends the process. Layouts, embedding
// workers and their sends.

#include "errors.hpp"

#include <functional>

namespace remit::capi::test {
namespace {

TEST_F(ErrorsOfC, NullLayoutsAndImpossibleShapes) {
    remit_layout* none = nullptr;
    remit_shape shape = REMIT_SHAPE_INIT;
    expect(remit_layout_multimodal(&shape, nullptr), REMIT_BAD_ARGUMENT, {"layout is null"});
    expect(remit_layout_multimodal(nullptr, &none), REMIT_BAD_ARGUMENT, {"shape is null"});
    const auto expect_shape = [&](const std::function<void(remit_shape&)>& change, const std::vector<std::string>& parts) {
        remit_shape changed = REMIT_SHAPE_INIT;
        change(changed);
        expect(remit_layout_multimodal(&changed, &none), REMIT_BAD_ARGUMENT, parts);
        EXPECT_EQ(none, nullptr);
    };
    expect_shape([](remit_shape& s) { s.size = 0; }, {"shape.size is 0"});
    expect_shape([](remit_shape& s) { s.block_size = 0; }, {"block size is 0", "65536"});
    expect_shape([](remit_shape& s) { s.hidden = 1u << 21; }, {"2097152", "1048576"});
    expect_shape([](remit_shape& s) { s.dtype = REMIT_INT32; }, {"int32"});
    expect_shape([](remit_shape& s) { s.dtype = 77; }, {"shape.dtype is 77"});
    expect_shape([](remit_shape& s) { s.dtype = -1; }, {"shape.dtype is -1"});
    expect_shape([](remit_shape& s) { s.deepstack = 65; }, {"65", "64"});
    expect_shape([](remit_shape& s) { s.slab = 2; }, {"shape.slab is 2"});
    expect_shape([](remit_shape& s) { s.reserved = 1; }, {"reserved 1"});
    std::size_t count = 0;
    std::uint64_t number = 0;
    remit_segment segment = REMIT_SEGMENT_INIT;
    expect(remit_layout_segments(nullptr, &count), REMIT_BAD_ARGUMENT, {"layout is null"});
    expect(remit_layout_segments(layout_, nullptr), REMIT_BAD_ARGUMENT, {"count is null"});
    expect(remit_layout_segment(layout_, 4, &segment), REMIT_BAD_ARGUMENT, {"index is 4", "0 to 3"});
    expect(remit_layout_segment(layout_, 0, nullptr), REMIT_BAD_ARGUMENT, {"segment is null"});
    segment.size = 4;
    expect(remit_layout_segment(layout_, 0, &segment), REMIT_BAD_ARGUMENT, {"segment.size is 4"});
    expect(remit_layout_blocks_for(nullptr, 1, &number), REMIT_BAD_ARGUMENT, {"layout is null"});
    expect(remit_layout_payload_bytes(layout_, 1, nullptr), REMIT_BAD_ARGUMENT, {"bytes is null"});
    expect(remit_layout_pool_bytes(nullptr, 1, &number), REMIT_BAD_ARGUMENT, {"layout is null"});
}

TEST_F(ErrorsOfC, ALayoutTellsItsSegments) {
    remit_segment segment = REMIT_SEGMENT_INIT;
    ASSERT_EQ(remit_layout_segment(layout_, 2, &segment), REMIT_OK);
    EXPECT_EQ(segment.kind, REMIT_MROPE_POSITIONS);
    EXPECT_EQ(segment.dtype, REMIT_INT32);
    EXPECT_EQ(segment.planes, 3u);
    EXPECT_EQ(segment.once_per_request, 0u);
    EXPECT_EQ(segment.token_bytes, 4u);
    ASSERT_EQ(remit_layout_segment(layout_, 3, &segment), REMIT_OK);
    EXPECT_EQ(segment.once_per_request, 1u);
    std::uint64_t number = 0;
    ASSERT_EQ(remit_layout_blocks_for(layout_, 129, &number), REMIT_OK);
    EXPECT_EQ(number, 2u);
    ASSERT_EQ(remit_layout_payload_bytes(layout_, 10, &number), REMIT_OK);
    EXPECT_EQ(number, 10u * (32 + 4 + 12) + 64);
    ASSERT_EQ(remit_layout_pool_bytes(layout_, 4, &number), REMIT_OK);
    EXPECT_GE(number, 4u * 128 * (32 + 4 + 12));
}

TEST_F(ErrorsOfC, WorkersThatCannotBe) {
    remit_embedding_worker* embedding = nullptr;
    remit_language_worker* language = nullptr;
    expect(remit_embedding_worker_create(nullptr, layout_, 1, nullptr), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_embedding_worker_create(nullptr, nullptr, 1, &embedding), REMIT_BAD_ARGUMENT, {"layout is null"});
    expect(remit_language_worker_create(nullptr, layout_, 1, nullptr), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_language_worker_create(nullptr, nullptr, 1, &language), REMIT_BAD_ARGUMENT, {"layout is null"});
    remit_config* config = nullptr;
    ASSERT_EQ(remit_config_create(&config), REMIT_OK);
    ASSERT_EQ(remit_config_set(config, "fabric.device", "nosuch0"), REMIT_OK);
    expect(remit_embedding_worker_create(config, layout_, 1, &embedding), REMIT_ENVIRONMENT, {});
    expect(remit_language_worker_create(config, layout_, 1, &language), REMIT_ENVIRONMENT, {});
    EXPECT_NE(std::string(remit_last_error()), "");
    EXPECT_EQ(embedding, nullptr);
    EXPECT_EQ(language, nullptr);
    remit_config_destroy(config);
}

TEST_F(ErrorsOfC, AnEmbeddingWorkersArguments) {
    char text[8] = "";
    std::size_t size = 0;
    std::uint32_t number = 0, blocks[8] = {};
    void* row = nullptr;
    remit_send* send = nullptr;
    const void* tensors[4] = {};
    remit_adopted* adopted = nullptr;
    expect(remit_embedding_worker_endpoint(nullptr, text, 8, &size), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_embedding_worker_endpoint(embedding_, nullptr, 8, &size), REMIT_BAD_ARGUMENT, {"buffer is null"});
    expect(remit_embedding_worker_endpoint(embedding_, text, 8, &size), REMIT_TOO_SMALL, {"room for 8"});
    EXPECT_EQ(size, std::string(endpoint_).size());
    expect(remit_embedding_worker_device(nullptr, text, 8, nullptr), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_embedding_worker_data_path(embedding_, nullptr), REMIT_BAD_ARGUMENT, {"path is null"});
    expect(remit_embedding_worker_counters(embedding_, nullptr), REMIT_BAD_ARGUMENT, {"counters is null"});
    expect(remit_embedding_worker_free_blocks(embedding_, nullptr), REMIT_BAD_ARGUMENT, {"blocks is null"});
    expect(remit_embedding_worker_allocate(embedding_, 1, blocks, 8, nullptr), REMIT_BAD_ARGUMENT, {"count is null"});
    expect(remit_embedding_worker_allocate(embedding_, 1, nullptr, 8, &size), REMIT_BAD_ARGUMENT, {"blocks is null"});
    expect(remit_embedding_worker_allocate(embedding_, 300, blocks, 2, &size), REMIT_TOO_SMALL, {"room for 2", "3 are needed"});
    EXPECT_EQ(size, 3u);
    expect(remit_embedding_worker_allocate(embedding_, 129 + 4 * 128, blocks, 8, &size), REMIT_EXHAUSTED, {"4 of 4"});
    EXPECT_EQ(remit_embedding_worker_free_blocks(embedding_, &number), REMIT_OK);
    EXPECT_EQ(number, 4u);
    expect(remit_embedding_worker_free(embedding_, nullptr, 1), REMIT_BAD_ARGUMENT, {"blocks is null"});
    expect(remit_embedding_worker_free(embedding_, blocks, 1), REMIT_MISUSE, {});
    expect(remit_embedding_worker_row(embedding_, 0, 0, 0, 0, nullptr), REMIT_BAD_ARGUMENT, {"row is null"});
    expect(remit_embedding_worker_row(embedding_, 9, 0, 0, 0, &row), REMIT_BAD_ARGUMENT, {"9"});
    expect(remit_embedding_worker_send_blocks(embedding_, 1, blocks, 1, 1, nullptr, nullptr, nullptr), REMIT_BAD_ARGUMENT,
           {"send is null"});
    expect(remit_embedding_worker_send_blocks(embedding_, 1, nullptr, 1, 1, nullptr, nullptr, &send), REMIT_BAD_ARGUMENT,
           {"blocks is null"});
    expect(remit_embedding_worker_send_blocks(embedding_, 1, blocks, 1, 1, nullptr, nullptr, &send), REMIT_BAD_ARGUMENT,
           {"not allocated"});
    expect(remit_embedding_worker_send_tensors(embedding_, 1, tensors, 4, 1, nullptr, nullptr, nullptr), REMIT_BAD_ARGUMENT,
           {"send is null"});
    expect(remit_embedding_worker_send_tensors(embedding_, 1, nullptr, 4, 1, nullptr, nullptr, &send), REMIT_BAD_ARGUMENT,
           {"tensors is null"});
    expect(remit_embedding_worker_send_tensors(embedding_, 1, tensors, 4, 1, nullptr, nullptr, &send), REMIT_BAD_ARGUMENT,
           {"no tensor for embeddings"});
    expect(remit_embedding_worker_send_tensors(embedding_, 1, tensors, 3, 1, nullptr, nullptr, &send), REMIT_BAD_ARGUMENT,
           {"3 tensors", "4 segments"});
    expect(remit_embedding_worker_reject(embedding_, 1, nullptr), REMIT_BAD_ARGUMENT, {"reason is null"});
    expect(remit_embedding_worker_reject(embedding_, UINT64_MAX, "x"), REMIT_BAD_ARGUMENT, {"room"});
    expect(remit_embedding_worker_adopt(embedding_, blocks, 4, nullptr), REMIT_BAD_ARGUMENT, {"adopted is null"});
    expect(remit_embedding_worker_adopt(embedding_, nullptr, 4, &adopted), REMIT_BAD_ARGUMENT, {});
    expect(remit_adopted_way(nullptr, text, 8, nullptr), REMIT_BAD_ARGUMENT, {"adopted is null"});
    expect(remit_embedding_worker_stop(nullptr, 0, &size), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_embedding_worker_stop(embedding_, -1, &size), REMIT_BAD_ARGUMENT, {"drain is -1"});
    EXPECT_EQ(send, nullptr);
    remit_adopted_destroy(nullptr);
    remit_embedding_worker_destroy(nullptr);
}

TEST_F(ErrorsOfC, SendOptions) {
    std::size_t count = 0;
    remit_send* send = nullptr;
    ASSERT_EQ(remit_embedding_worker_allocate(embedding_, 1, &block_, 1, &count), REMIT_OK);
    const auto expect_options = [&](const std::function<void(remit_send_options&)>& change, remit_code code,
                                    const std::vector<std::string>& parts) {
        remit_send_options options = REMIT_SEND_OPTIONS_INIT;
        change(options);
        expect(remit_embedding_worker_send_blocks(embedding_, 1, &block_, 1, 1, nullptr, &options, &send), code, parts);
        EXPECT_EQ(send, nullptr);
    };
    expect_options([](remit_send_options& o) { o.size = 1; }, REMIT_BAD_ARGUMENT, {"options.size is 1"});
    expect_options([](remit_send_options& o) { o.priority = 9; }, REMIT_BAD_ARGUMENT, {"priority is 9"});
    expect_options([](remit_send_options& o) { o.partly_ready = 2; }, REMIT_BAD_ARGUMENT, {"partly_ready is 2"});
    expect_options([](remit_send_options& o) { o.partly_ready = 1, o.ready_tokens = 2; }, REMIT_BAD_ARGUMENT, {"ready_tokens is 2"});
    expect_options([](remit_send_options& o) { o.behind_stream = 1; }, REMIT_MISUSE, {"stream", "host"});
    expect_options([](remit_send_options& o) { o.reserved = 1; }, REMIT_BAD_ARGUMENT, {"reserved 1"});
    const std::int32_t aux[REMIT_AUX_ITEMS] = {2};
    expect(remit_embedding_worker_send_blocks(embedding_, 1, &block_, 1, 1, aux, nullptr, &send), REMIT_MISUSE, {"aux[0] is 2"});
    EXPECT_EQ(remit_embedding_worker_free(embedding_, &block_, 1), REMIT_OK);
}

TEST_F(ErrorsOfC, ASendsArguments) {
    remit_send* const sent = send(3);
    remit_status status = -1;
    char text[8];
    int descriptor = -1;
    remit_progress progress = REMIT_PROGRESS_INIT;
    expect(remit_send_poll(nullptr, &status), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_poll(sent, nullptr), REMIT_BAD_ARGUMENT, {"status is null"});
    expect(remit_send_wait(nullptr, 0, &status), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_wait(sent, 0, nullptr), REMIT_BAD_ARGUMENT, {"status is null"});
    expect(remit_send_wait(sent, -1, &status), REMIT_BAD_ARGUMENT, {"timeout_ms is -1"});
    EXPECT_EQ(remit_send_wait(sent, 0, &status), REMIT_OK);
    EXPECT_STREQ(remit_status_name(status), "Bootstrapping");
    expect(remit_send_reason(nullptr, text, 8, nullptr), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_descriptor(nullptr, &descriptor), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_descriptor(sent, nullptr), REMIT_BAD_ARGUMENT, {"descriptor is null"});
    expect(remit_send_ready(nullptr, 1), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_ready(sent, 2), REMIT_BAD_ARGUMENT, {"ready tokens are 2"});
    expect(remit_send_ready(sent, 0), REMIT_MISUSE, {"at least 1"});
    expect(remit_send_ready_behind(sent, 1, nullptr), REMIT_MISUSE, {"stream", "host"});
    expect(remit_send_ready_behind(nullptr, 1, nullptr), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_abort(nullptr), REMIT_BAD_ARGUMENT, {"send is null"});
    expect(remit_send_progress(sent, nullptr), REMIT_BAD_ARGUMENT, {"progress is null"});
    expect(remit_send_progress(nullptr, &progress), REMIT_BAD_ARGUMENT, {"send is null"});
    EXPECT_EQ(remit_send_abort(sent), REMIT_OK);
    EXPECT_EQ(remit_send_wait(sent, patience(), &status), REMIT_OK);
    EXPECT_STREQ(remit_status_name(status), "Failed");
    EXPECT_EQ(remit_embedding_worker_free(embedding_, &block_, 1), REMIT_OK);
    remit_send_destroy(sent);
    remit_send_destroy(nullptr);
}

}  // namespace
}  // namespace remit::capi::test
