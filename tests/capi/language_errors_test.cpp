// Calls that cannot be meant, of language workers and their receptions; and rooms that fail, with why.

#include "errors.hpp"

#include <functional>
#include <utility>

namespace remit::capi::test {
namespace {

TEST_F(ErrorsOfC, ALanguageWorkersArguments) {
    char text[8] = "";
    std::size_t size = 0;
    std::uint32_t number = 0;
    std::uint64_t tokens = 0;
    const void* row = nullptr;
    remit_reception* reception = nullptr;
    remit_counters counters = REMIT_COUNTERS_INIT;
    expect(remit_language_worker_endpoint(nullptr, text, 8, &size), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_language_worker_endpoint(language_, text, 8, &size), REMIT_TOO_SMALL, {"room for 8"});
    expect(remit_language_worker_device(nullptr, text, 8, nullptr), REMIT_BAD_ARGUMENT, {"worker is null"});
    remit_data_path path = REMIT_DATA_PATH_INIT;
    expect(remit_language_worker_data_path(nullptr, &path), REMIT_BAD_ARGUMENT, {"worker is null"});
    path.size = 5;
    expect(remit_language_worker_data_path(language_, &path), REMIT_BAD_ARGUMENT, {"path.size is 5"});
    expect(remit_language_worker_counters(nullptr, &counters), REMIT_BAD_ARGUMENT, {"worker is null"});
    counters.size = 3;
    expect(remit_language_worker_counters(language_, &counters), REMIT_BAD_ARGUMENT, {"counters.size is 3"});
    expect(remit_language_worker_free_blocks(nullptr, &number), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_language_worker_free_blocks(language_, nullptr), REMIT_BAD_ARGUMENT, {"blocks is null"});
    expect(remit_language_worker_guessed_tokens(nullptr, &tokens), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_language_worker_row(language_, 0, 99, 0, 0, &row), REMIT_BAD_ARGUMENT, {"99"});
    expect(remit_language_worker_row(language_, 0, 0, 0, 0, nullptr), REMIT_BAD_ARGUMENT, {"row is null"});
    expect(remit_language_worker_receive(nullptr, 1, endpoint_, nullptr, &reception), REMIT_BAD_ARGUMENT, {"worker is null"});
    expect(remit_language_worker_receive(language_, 1, nullptr, nullptr, &reception), REMIT_BAD_ARGUMENT, {"endpoint is null"});
    expect(remit_language_worker_receive(language_, 1, endpoint_, nullptr, nullptr), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_language_worker_receive(language_, 1, "nonsense", nullptr, &reception), REMIT_BAD_ARGUMENT, {"nonsense"});
    expect(remit_language_worker_receive(language_, UINT64_MAX, endpoint_, nullptr, &reception), REMIT_BAD_ARGUMENT, {"room is"});
    const auto expect_options = [&](const std::function<void(remit_receive_options&)>& change,
                                    const std::vector<std::string>& parts) {
        remit_receive_options options = REMIT_RECEIVE_OPTIONS_INIT;
        change(options);
        expect(remit_language_worker_receive(language_, 1, endpoint_, &options, &reception), REMIT_BAD_ARGUMENT, parts);
    };
    expect_options([](remit_receive_options& o) { o.size = 2; }, {"options.size is 2"});
    expect_options([](remit_receive_options& o) { o.destinations = 0; }, {"required_dst_info_num is 0"});
    expect_options([](remit_receive_options& o) { o.other_deadline = 2; }, {"other_deadline is 2"});
    expect_options([](remit_receive_options& o) { o.deadline_ms = -5; }, {"deadline is -5"});
    expect_options([](remit_receive_options& o) { o.context = &o; }, {"context", "without a sink"});
    expect_options([](remit_receive_options& o) { o.server_key = "key"; }, {"server_key"});
    expect(remit_language_worker_stop(language_, -1, nullptr), REMIT_BAD_ARGUMENT, {"drain is -1"});
    EXPECT_EQ(reception, nullptr);
    remit_language_worker_destroy(nullptr);
}

TEST_F(ErrorsOfC, AReceptionsArguments) {
    remit_reception* const asked = receive(4);
    remit_status status = -1;
    remit_answer answer = -1;
    char text[8];
    int descriptor = -1;
    std::uint64_t tokens = 1;
    std::uint32_t number = 1;
    std::size_t count = 0;
    std::int32_t aux[REMIT_AUX_ITEMS];
    expect(remit_reception_poll(nullptr, &status), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_poll(asked, nullptr), REMIT_BAD_ARGUMENT, {"status is null"});
    expect(remit_reception_wait(asked, -1, &status), REMIT_BAD_ARGUMENT, {"timeout_ms is -1"});
    expect(remit_reception_wait(nullptr, 0, &status), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_wait_on(nullptr, nullptr, 0, &status), REMIT_BAD_ARGUMENT, {"reception is null"});
    EXPECT_EQ(remit_reception_wait_on(asked, nullptr, 0, &status), REMIT_OK);
    EXPECT_NE(status, REMIT_STATUS_SUCCESS);
    expect(remit_reception_reason(nullptr, text, 8, nullptr), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_descriptor(asked, nullptr), REMIT_BAD_ARGUMENT, {"descriptor is null"});
    expect(remit_reception_descriptor(nullptr, &descriptor), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_answer(nullptr, &answer), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_total_tokens(asked, nullptr), REMIT_BAD_ARGUMENT, {"tokens is null"});
    EXPECT_EQ(remit_reception_total_tokens(asked, &tokens), REMIT_OK);
    EXPECT_EQ(tokens, 0u);
    expect(remit_reception_rounds(nullptr, &number), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_aux(asked, aux), REMIT_MISUSE, {"no aux before Success"});
    expect(remit_reception_aux(asked, nullptr), REMIT_BAD_ARGUMENT, {"aux is null"});
    expect(remit_reception_table(asked, &number, 1, &count), REMIT_MISUSE, {"no table before Success"});
    expect(remit_reception_table(asked, &number, 1, nullptr), REMIT_BAD_ARGUMENT, {"count is null"});
    expect(remit_reception_release(nullptr), REMIT_BAD_ARGUMENT, {"reception is null"});
    EXPECT_EQ(remit_reception_release(asked), REMIT_OK);  // nothing yet to give back
    expect(remit_reception_abort(nullptr, "x"), REMIT_BAD_ARGUMENT, {"reception is null"});
    EXPECT_EQ(remit_reception_abort(asked, "changed my mind"), REMIT_OK);
    expect_failed(asked, "changed my mind");
    remit_reception_destroy(asked);
    remit_reception_destroy(nullptr);
}

TEST_F(ErrorsOfC, AHistorysArguments) {
    remit_reception* const asked = receive(13);
    remit_history* history = nullptr;
    std::size_t count = 0;
    remit_room_event event = REMIT_ROOM_EVENT_INIT;
    expect(remit_reception_history(nullptr, &history), REMIT_BAD_ARGUMENT, {"reception is null"});
    expect(remit_reception_history(asked, nullptr), REMIT_BAD_ARGUMENT, {"history is null"});
    expect(remit_history_events(nullptr, &count), REMIT_BAD_ARGUMENT, {"history is null"});
    expect(remit_history_event(nullptr, 0, &event), REMIT_BAD_ARGUMENT, {"history is null"});
    EXPECT_EQ(history, nullptr);
    EXPECT_EQ(remit_reception_abort(asked, "enough"), REMIT_OK);
    expect_failed(asked, "enough");
    ASSERT_EQ(remit_reception_history(asked, &history), REMIT_OK);
    expect(remit_history_events(history, nullptr), REMIT_BAD_ARGUMENT, {"count is null"});
    ASSERT_EQ(remit_history_events(history, &count), REMIT_OK);
    ASSERT_GT(count, 0u);
    expect(remit_history_event(history, 0, nullptr), REMIT_BAD_ARGUMENT, {"event is null"});
    event.size = 4;
    expect(remit_history_event(history, 0, &event), REMIT_BAD_ARGUMENT, {"event.size is 4"});
    event.size = sizeof event;
    expect(remit_history_event(history, count, &event), REMIT_BAD_ARGUMENT,
           {"index is " + std::to_string(count), "has " + std::to_string(count) + " events"});
    // It is a copy: it outlives what it is of.
    remit_reception_destroy(asked);
    remit_language_worker_destroy(std::exchange(language_, nullptr));
    ASSERT_EQ(remit_history_event(history, count - 1, &event), REMIT_OK);
    EXPECT_STREQ(event.what, "final");
    EXPECT_EQ(event.status, REMIT_STATUS_FAILED);
    remit_history_destroy(history);
    remit_history_destroy(nullptr);
}

TEST_F(ErrorsOfC, AnAbortNeedsNoReason) {
    remit_reception* const asked = receive(5);
    EXPECT_EQ(remit_reception_abort(asked, nullptr), REMIT_OK);
    expect_failed(asked, "aborted");
    remit_reception_destroy(asked);
}

TEST_F(ErrorsOfC, ASinkThatRefusesFailsItsRoomAlone) {
    remit_receive_options options = REMIT_RECEIVE_OPTIONS_INIT;
    options.sink = [](void*, std::uint64_t, void**, std::size_t) { return 42; };
    remit_reception* const refused = receive(6, &options);
    remit_send* const sent = send(6);
    expect_failed(refused, "the sink returned 42");
    remit_reception_destroy(refused);
    options.sink = [](void*, std::uint64_t, void**, std::size_t) { return 0; };  // and says no address
    remit_reception* const empty = receive(7, &options);
    remit_send* again = nullptr;
    remit_status status = -1;
    EXPECT_EQ(remit_send_wait(sent, patience(), &status), REMIT_OK);
    EXPECT_EQ(remit_embedding_worker_send_blocks(embedding_, 7, &block_, 1, 1, nullptr, nullptr, &again), REMIT_OK);
    expect_failed(empty, "embeddings");
    EXPECT_EQ(remit_send_wait(again, patience(), &status), REMIT_OK);
    remit_reception_destroy(empty);
    remit_send_destroy(sent);
    remit_send_destroy(again);
}

TEST_F(ErrorsOfC, ARoomThatIsRejectedFailsWithTheReason) {
    ASSERT_EQ(remit_embedding_worker_reject(embedding_, 8, "the picture is broken"), REMIT_OK);
    remit_reception* const asked = receive(8);
    expect_failed(asked, "the picture is broken");
    remit_answer answer = -1;
    EXPECT_EQ(remit_reception_answer(asked, &answer), REMIT_OK);
    EXPECT_STREQ(remit_answer_name(answer), "never");
    remit_reception_destroy(asked);
}

TEST_F(ErrorsOfC, ASecondReceiveOfARoomAndOneAfterStopAreMisuse) {
    remit_reception* const first = receive(9);
    remit_reception* second = nullptr;
    expect(remit_language_worker_receive(language_, 9, endpoint_, nullptr, &second), REMIT_MISUSE, {"room 9"});
    std::size_t failed = 0;
    EXPECT_EQ(remit_language_worker_stop(language_, 0, &failed), REMIT_OK);
    EXPECT_EQ(failed, 1u);
    expect_failed(first, "stopped");
    expect(remit_language_worker_receive(language_, 10, endpoint_, nullptr, &second), REMIT_MISUSE, {"after stop()"});
    EXPECT_EQ(remit_embedding_worker_stop(embedding_, 0, nullptr), REMIT_OK);
    remit_reception_destroy(first);
    EXPECT_EQ(second, nullptr);
}

TEST_F(ErrorsOfC, HandlesMayOutliveTheirWorkers) {
    remit_reception* const asked = receive(11);
    remit_send* const sent = send(12);
    remit_language_worker_destroy(std::exchange(language_, nullptr));
    remit_embedding_worker_destroy(std::exchange(embedding_, nullptr));
    remit_status status = -1;
    EXPECT_EQ(remit_reception_poll(asked, &status), REMIT_OK);
    EXPECT_STREQ(remit_status_name(status), "Failed");
    EXPECT_EQ(remit_send_poll(sent, &status), REMIT_OK);
    EXPECT_STREQ(remit_status_name(status), "Failed");
    EXPECT_EQ(remit_reception_release(asked), REMIT_OK);
    remit_reception_destroy(asked);
    remit_send_destroy(sent);
}

}  // namespace
}  // namespace remit::capi::test
