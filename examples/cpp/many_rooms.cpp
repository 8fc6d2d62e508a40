// A toy scheduler: a hundred requests through a pool that holds a few of them, in flight side by side. One thread looks at
// all of them whenever one of their descriptors says so, as a serving loop does between two batches.

#include "example.hpp"

#include <poll.h>

#include <cstddef>
#include <list>
#include <optional>

namespace {

constexpr remit::RoomId kRequests = 100;
constexpr std::size_t kInFlight = 8;

std::uint64_t tokens_of(remit::RoomId room) { return 50 + room * 37 % 900; }

struct Outgoing {
    example::Tensors tensors;
    std::optional<remit::Send> send;
};

struct Incoming {
    remit::RoomId room;
    std::optional<example::Tensors> tensors;
    std::optional<remit::Reception> reception;
};

class Scheduler {
public:
    Scheduler() : embedding_({.fabric = loopback()}, example::layout(), 1), language_({.fabric = loopback()}, example::layout(), 12) {}
    ~Scheduler() {
        // Nothing may be read or written any more when the tensors go.
        language_.stop();
        embedding_.stop();
    }

    bool run() {
        while (verified_ + failed_ < kRequests) {
            while (started_ < kRequests && incoming_.size() < kInFlight) start(++started_);
            wait();
            look();
        }
        std::printf("%llu requests: %llu verified, %llu failed, %llu resumes\n", static_cast<unsigned long long>(kRequests),
                    static_cast<unsigned long long>(verified_), static_cast<unsigned long long>(failed_),
                    static_cast<unsigned long long>(resumes_));
        return failed_ == 0;
    }

private:
    static remit::FabricOptions loopback() {
        remit::FabricOptions fabric;
        fabric.kind = remit::FabricKind::loopback;
        return fabric;
    }

    void start(remit::RoomId room) {
        Outgoing& out = outgoing_.emplace_back(Outgoing{example::Tensors(tokens_of(room)), {}});
        out.tensors.fill(room);
        out.send = embedding_.send(room, remit::ContiguousSource{out.tensors.addresses<const void*>()}, out.tensors.tokens);
        Incoming& in = incoming_.emplace_back(Incoming{room, {}, {}});
        in.reception = language_.receive(room, embedding_.endpoint(), {.expected_tokens = 256, .into = [&in](std::uint64_t total) {
                                             in.tensors.emplace(total);
                                             return remit::SinkTensors{in.tensors->addresses<void*>()};
                                         }});
    }

    void wait() const {
        std::vector<pollfd> ends;
        for (const Incoming& in : incoming_) ends.push_back({in.reception->descriptor(), POLLIN, 0});
        ::poll(ends.data(), ends.size(), 1000);
    }

    void look() {
        std::erase_if(incoming_, [this](const Incoming& in) { return has_ended(in); });
        std::erase_if(outgoing_, [](const Outgoing& out) { return is_final(out.send->poll()); });
    }

    bool has_ended(const Incoming& in) {
        const remit::Status status = in.reception->poll();
        if (!is_final(status)) return false;
        const bool whole = status == remit::Status::Success && in.tensors->tokens == tokens_of(in.room) && in.tensors->has_all_of(in.room);
        if (!whole) std::fprintf(stderr, "room %llu: %s\n", static_cast<unsigned long long>(in.room), in.reception->reason().c_str());
        ++(whole ? verified_ : failed_);
        resumes_ += in.reception->resumes();
        return true;
    }

    std::list<Outgoing> outgoing_;  // addresses of entries stay: sinks and sends have them
    std::list<Incoming> incoming_;
    remit::EmbeddingWorker embedding_;
    remit::LanguageWorker language_;
    remit::RoomId started_ = 0, verified_ = 0, failed_ = 0;
    std::uint64_t resumes_ = 0;
};

}  // namespace

int main() {
    return example::run([] { return Scheduler().run() ? 0 : 1; });
}
