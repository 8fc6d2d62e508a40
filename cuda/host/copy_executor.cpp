#include "host/copy_executor.hpp"

#include "host/error_text.hpp"
#include "host/pack.hpp"
#include "host/stream_point.hpp"

#include <algorithm>
#include <utility>

namespace remit::gpu {

using memory::Copy;
using memory::Ticket;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint32_t kFirstEvents = 16;

}  // namespace

ExecutorSettings executor_settings(std::shared_ptr<const PrimaryContext> context,
                                   const memory::ExecutorOptions& options) {
    ExecutorSettings settings;
    settings.launcher.context = std::move(context);
    settings.launcher.priority = options.priority;
    settings.launcher.block_budget =
        options.block_budget != 0 ? options.block_budget : kDefaultBlockBudget * std::max(1U, options.nics);
    settings.slots = options.slots;
    settings.sums = options.sums;
    settings.engines = options.crosses_pcie;
    if (options.list_capacity != 0) settings.list_capacity = options.list_capacity;
    return settings;
}

cudaError_t GpuCopyExecutor::create(const ExecutorSettings& settings, std::unique_ptr<GpuCopyExecutor>& executor,
                                    const char*& call) {
    std::unique_ptr<GpuCopyExecutor> made(new GpuCopyExecutor(settings));
    call = "the copy stream";
    LauncherOptions launcher = settings.launcher;
    if (settings.engines) launcher.engine_copies = std::max<std::size_t>(settings.list_capacity, LargeBatch::capacity);
    if (const cudaError_t s = CopyLauncher::create(launcher, made->launcher_); s != cudaSuccess) return s;
    const ContextScope scope(*settings.launcher.context);
    call = scope.call();
    if (scope.status() != CUDA_SUCCESS) return runtime_error(scope.status());
    call = "memory for launches";
    if (const cudaError_t s = made->slots_.create(settings.slots, settings.list_capacity); s != cudaSuccess) return s;
    call = "memory for checksums";
    if (settings.sums) {
        if (const cudaError_t s = made->sums_.create(settings.slots, made->launcher_->stream()); s != cudaSuccess) return s;
    }
    call = "cudaEventCreateWithFlags";
    made->events_ = std::make_shared<EventPool>(settings.launcher.context);
    if (const cudaError_t s = made->events_->fill(kFirstEvents); s != cudaSuccess) return s;
    made->piece_limit_ = std::max<std::uint64_t>(settings.list_capacity, made->launcher_->inline_capacity());
    executor = std::move(made);
    return cudaSuccess;
}

GpuCopyExecutor::~GpuCopyExecutor() {
    const ContextScope scope(*settings_.launcher.context);
    // Nobody is left to tell of an error; one means that nothing runs.
    if (launcher_ != nullptr) static_cast<void>(cudaStreamSynchronize(launcher_->stream()));
    launcher_.reset();
    slots_.release();
    sums_.release();
}

void GpuCopyExecutor::bind() {
    if (const cudaError_t s = launcher_->bind_thread(); s != cudaSuccess) fail("making the device current", s);
}

Ticket GpuCopyExecutor::submit(std::span<const Copy> copies, std::uint64_t destination_base) {
    const Ticket ticket = ++last_ticket_;
    if (!failure_.empty()) return ticket;
    advance();
    if (count_pieces(copies) != 0) {
        if (kept_.empty() && has_free_slot() && fits_a_launch(copies)) {
            ++planned_;
            launch(copies, destination_base);
        } else {
            keep(copies, destination_base);
            advance();
        }
    }
    batches_.push({ticket, planned_});
    return ticket;
}

Ticket GpuCopyExecutor::reckon(std::span<const memory::Stretch> stretches, std::size_t sums) {
    const Ticket ticket = ++last_ticket_;
    sums_.begin(ticket, sums);
    if (!sums_.ready() && failure_.empty()) fail("checksums are asked of an executor that was not made for them");
    if (!failure_.empty()) return ticket;
    const std::vector<SumLot> lots = cut_into_lots(stretches);
    for (std::size_t first = 0; first < lots.size(); first += SumBatch::capacity) {
        const std::size_t last = std::min<std::size_t>(lots.size(), first + SumBatch::capacity);
        const auto at = [&](std::size_t index) { return lots.begin() + static_cast<std::ptrdiff_t>(index); };
        kept_.push_back({{}, 0, {at(first), at(last)}, ticket});
        ++planned_;
    }
    advance();
    batches_.push({ticket, planned_});
    return ticket;
}

bool GpuCopyExecutor::fits_a_launch(std::span<const Copy> copies) const {
    std::uint64_t bytes = 0;
    for (const Copy& copy : copies) bytes += copy.bytes;
    return copies.size() <= piece_limit_ && bytes <= settings_.launch_bytes;
}

/// Cuts a batch into launches that wait for a slot.
void GpuCopyExecutor::keep(std::span<const Copy> copies, std::uint64_t destination_base) {
    Part part{{}, destination_base};
    std::uint64_t bytes = 0;
    const auto end_part = [&] {
        if (part.copies.empty()) return;
        kept_.push_back(std::exchange(part, Part{{}, destination_base}));
        ++planned_;
        bytes = 0;
    };
    for (Copy copy : copies) {
        while (copy.bytes > 0) {
            if (part.copies.size() == piece_limit_ || bytes == settings_.launch_bytes) end_part();
            const std::uint64_t taken = std::min(copy.bytes, settings_.launch_bytes - bytes);
            part.copies.push_back({copy.source, copy.destination, taken});
            bytes += taken;
            if (copy.source != 0) copy.source += taken;
            copy.destination += taken;
            copy.bytes -= taken;
        }
    }
    end_part();
}

void GpuCopyExecutor::launch(std::span<const Copy> copies, std::uint64_t destination_base) {
    if (launched_ == done_launches_) progressed_ = Clock::now();
    const std::uint64_t number = launched_ + 1;
    const LaunchSlot slot = slots_[static_cast<std::uint32_t>(number % settings_.slots)];
    const bool by_engines = launcher_->engines() && Engines::suit(copies);
    const cudaError_t s = by_engines ? launcher_->launch_by_engines(copies, destination_base, slot, number)
                                     : launcher_->launch(copies, destination_base, slot, number);
    if (s != cudaSuccess) return fail(by_engines ? "starting the copy engines" : "launching a copy kernel", s);
    launched_ = number;
}

void GpuCopyExecutor::launch_sums(Part part) {
    if (launched_ == done_launches_) progressed_ = Clock::now();
    const std::uint64_t number = launched_ + 1;
    const auto slot = static_cast<std::uint32_t>(number % settings_.slots);
    const cudaError_t s = launcher_->launch_sums(part.lots, sums_.tables(), sums_.parts(slot), slots_[slot], number);
    if (s != cudaSuccess) return fail("launching a checksum kernel", s);
    launched_ = number;
    sums_.launched(number, slot, part.ticket, std::move(part.lots));
}

/// Takes what has ended, launches what was kept.
void GpuCopyExecutor::advance() {
    const std::uint64_t before = done_launches_;
    while (failure_.empty()) {
        while (done_launches_ < launched_) {
            const std::uint64_t oldest = done_launches_ + 1;
            if (slots_.progress(static_cast<std::uint32_t>(oldest % settings_.slots)) < oldest) break;
            done_launches_ = oldest;
            sums_.ended(oldest);
        }
        if (kept_.empty() || !has_free_slot()) break;
        Part next = std::move(kept_.front());
        kept_.pop_front();
        if (next.lots.empty()) {
            launch(next.copies, next.base);
        } else {
            launch_sums(std::move(next));
        }
    }
    if (done_launches_ != before) {
        late_ = false;
        asked_.reset();
        progressed_ = Clock::now();
    }
    while (!batches_.empty() && batches_.front().last_launch <= done_launches_) {
        done_ticket_ = batches_.front().ticket;
        batches_.pop();
    }
}

bool GpuCopyExecutor::done(Ticket ticket) {
    if (ticket <= done_ticket_) return true;
    if (failure_.empty()) {
        advance();
        if (ticket <= done_ticket_) return true;
        ask();
    }
    return !failure_.empty() && all_ended();
}

/// A word that does not count may be that of a kernel which waits its turn, or of a context that is gone.
void GpuCopyExecutor::ask() {
    const auto now = Clock::now();
    if (launched_ == done_launches_ || now - progressed_ < settings_.late_after) return;
    if (late_ && now < next_question_) return;
    late_ = true;
    next_question_ = now + settings_.query_period;
    if (asked_ == nullptr) {
        const char* call = nullptr;
        const cudaError_t s = EventPoint::record(events_, launcher_->stream(), asked_, call);
        if (s != cudaSuccess) return fail(call, s);
    }
    if (!asked_->passed()) return;
    if (!asked_->failure().empty()) return fail(asked_->failure());
    // The word may have been set since it was looked at.
    advance();
    if (asked_ != nullptr) fail("a copy kernel has ended, but its progress word was never set");
}

/// Once nothing can be trusted to be copied: whether nothing is copied either.
bool GpuCopyExecutor::all_ended() {
    if (!settled_) settled_ = cudaStreamQuery(launcher_->stream()) != cudaErrorNotReady;
    return settled_;
}

bool GpuCopyExecutor::launched(Ticket ticket) {
    if (ticket <= done_ticket_) return true;
    advance();
    if (!failure_.empty()) return false;
    for (std::size_t i = 0; i < batches_.size(); ++i) {
        if (batches_[i].ticket == ticket) return batches_[i].last_launch <= launched_;
    }
    return ticket <= done_ticket_;
}

std::shared_ptr<memory::StreamPoint> GpuCopyExecutor::mark() {
    if (!failure_.empty()) return nullptr;
    std::shared_ptr<EventPoint> point;
    const char* call = nullptr;
    const cudaError_t status = EventPoint::record(events_, launcher_->stream(), point, call);
    if (status != cudaSuccess) fail(call, status);
    return point;
}

void GpuCopyExecutor::fail(const char* call, cudaError_t status) {
    // Non-sticky errors stay with the thread until they are taken.
    static_cast<void>(cudaGetLastError());
    fail(error_text(call, status));
}

void GpuCopyExecutor::fail(const std::string& text) {
    failure_ = text;
    kept_.clear();
}

}  // namespace remit::gpu
