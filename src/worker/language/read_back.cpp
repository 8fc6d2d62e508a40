#include "worker/language/read_back.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cstring>

namespace remit::worker::language {
namespace {

constexpr std::uint32_t kDepth = 4;
constexpr std::uint32_t kBytes = 8;

}  // namespace

ReadBack::ReadBack(fabric::Fabric& fabric, const fabric::MemoryRegion& region)
    : region_(region),
      landing_(4096),
      landing_region_(fabric.register_memory(landing_.data(), landing_.size(), fabric::Access::local)),
      completions_(fabric.create_completion_queue(2 * kDepth)) {
    fabric::QueuePairOptions options;
    options.send_completions = completions_.get();
    options.depth = kDepth;
    for (options.rail = 0; options.rail < fabric.rails(); ++options.rail) {
        queue_pairs_.push_back(fabric.create_queue_pair(options));
        queue_pairs_.back()->connect(queue_pairs_.back()->local());
    }
}

bool ReadBack::start() {
    for (std::uint32_t rail = 0; rail < queue_pairs_.size(); ++rail) {
        const fabric::Piece piece{landing_.address(), kBytes, landing_region_->local_key_on(rail)};
        fabric::WorkRequest request;
        request.id = ++started_;
        request.opcode = fabric::Opcode::read;
        request.signaled = true;
        request.remote_address = region_.address();
        request.remote_key = region_.remote_key_on(rail);
        request.pieces = {&piece, 1};
        const auto result = queue_pairs_[rail]->post({&request, 1});
        if (result.accepted == 1) continue;
        failure_ = fmt::format("posting a read of own memory: {} ({})", std::strerror(result.error), result.error);
        return false;
    }
    return true;
}

bool ReadBack::running() {
    poll();
    return failure_.empty() && completed_ < started_;
}

void ReadBack::arm() {
    if (!failure_.empty()) return;
    try {
        completions_->arm();
    } catch (const Error& error) {
        failure_ = error.what();
    }
}

void ReadBack::poll() {
    std::array<fabric::Completion, kDepth> batch;
    try {
        const std::size_t count = completions_->poll(batch);
        for (std::size_t i = 0; i < count; ++i) {
            if (!batch[i].ok && failure_.empty()) failure_ = "reading own memory: " + fabric::status_text(batch[i]);
            ++completed_;
        }
    } catch (const Error& error) {
        failure_ = error.what();
    }
}

}  // namespace remit::worker::language
