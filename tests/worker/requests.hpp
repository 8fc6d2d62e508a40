#pragma once

#include "content.hpp"

#include <remit/remit.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// One request on each side, with the memory it needs and the checks of what must be true of it.
namespace remit::worker::test {

enum class From { blocks, contiguous };
enum class Into { sink, kept };

/// Source memory and the send that reads it. Gives its blocks back.
class Outgoing {
public:
    Outgoing(EmbeddingWorker& worker, const Content& content, From from = From::blocks);
    ~Outgoing();
    Outgoing(const Outgoing&) = delete;
    Outgoing& operator=(const Outgoing&) = delete;

    /// Source filled; the send begins here, and may begin again after its end.
    void begin();
    void expect_success(long milliseconds = 30'000) const;
    void expect_failed(const std::string& part_of_reason, long milliseconds = 30'000) const;
    [[nodiscard]] const Send& send() const { return *send_; }
    [[nodiscard]] std::string source_fault() const;

private:
    EmbeddingWorker* worker_;
    Content content_;
    Layout layout_;
    From from_;
    BlockTable table_;
    std::unique_ptr<Tensors> tensors_;
    std::optional<Send> send_;
};

/// Destination memory and the room that fills it.
class Incoming {
public:
    Incoming(LanguageWorker& worker, const std::string& endpoint, RoomId room, Into into, ReceiveOptions options = {});
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    /// Success, and every byte of it right.
    void expect_success(const Content& content, long milliseconds = 30'000) const;
    void expect_failed(const std::string& part_of_reason, long milliseconds = 30'000) const;
    /// Every byte of what has arrived, and the aux.
    void expect_content(const Content& content) const;
    [[nodiscard]] const Reception& reception() const { return *reception_; }
    void drop() { reception_.reset(); }

private:
    LanguageWorker* worker_;
    Into into_;
    std::shared_ptr<std::unique_ptr<Tensors>> tensors_;
    std::optional<Reception> reception_;
};

/// Statuses of a room's history in order, equal neighbours once.
[[nodiscard]] std::vector<Status> statuses_of(const Reception& reception);

/// All blocks are free again, soon.
void expect_whole(const LanguageWorker& worker);

[[nodiscard]] Layout small_layout(std::uint32_t block_size = 128);

/// Kind and message of what `call` throws; "nothing was thrown" where it does not.
struct Thrown {
    std::optional<ErrorKind> kind;
    std::string message = "nothing was thrown";
};
[[nodiscard]] Thrown thrown_by(const std::function<void()>& call);
/// An Error of that kind whose message has all the parts.
void expect_error(const std::function<void()>& call, ErrorKind kind, const std::vector<std::string>& parts);

}  // namespace remit::worker::test
