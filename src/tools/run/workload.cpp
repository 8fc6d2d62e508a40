#include "tools/run/workload.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/checked.hpp"
#include "tools/npy/request_folder.hpp"
#include "tools/trace/half_names.hpp"

namespace remit::tools {
namespace {

/// A value that the files fix: the option may repeat it, not contradict it.
void adopt(Options& options, const std::string& name, const std::string& given, const std::string& read) {
    if (options.was_given(name) && given != read) {
        throw UsageError("option " + name + ": value \"" + given + "\", but the files in " + options.input + " have " +
                         read + "; permitted: " + read + ", or leave the option out");
    }
}

void adopt_all(Options& options, const RequestFolder& input) {
    adopt(options, "--tokens", std::to_string(options.tokens), std::to_string(input.tokens));
    adopt(options, "--hidden", std::to_string(options.hidden), std::to_string(input.hidden));
    adopt(options, "--dtype", std::string(to_string(options.dtype)), std::string(to_string(input.dtype)));
    adopt(options, "--deepstack", std::to_string(options.deepstack), std::to_string(input.deepstack));
    options.tokens = input.tokens;
    options.hidden = input.hidden;
    options.dtype = input.dtype;
    options.deepstack = input.deepstack;
}

/// What is written must not replace what it is compared with.
void check_folders_differ(const Options& options) {
    if (options.input.empty() || options.output.empty()) return;
    std::error_code error;
    if (std::filesystem::equivalent(options.input, options.output, error)) {
        throw UsageError("option --output: value \"" + options.output +
                         "\" is the folder of --input; permitted: another folder");
    }
}

Layout layout_of(const Options& options, std::uint32_t block_size) {
    return Layout::multimodal({.block_size = block_size,
                               .hidden = options.hidden,
                               .dtype = options.dtype,
                               .deepstack = options.deepstack,
                               .arrangement = options.layout});
}

std::uint32_t sender_pool(const Options& options, const Layout& layout, std::uint32_t concurrency) {
    if (options.source == SourceKind::contiguous) return options.sender_pool_blocks.value_or(1);
    const std::uint64_t one = layout.blocks_for(options.tokens);
    if (options.sender_pool_blocks) {
        if (*options.sender_pool_blocks < one) {
            throw UsageError("--sender-pool-blocks", std::to_string(*options.sender_pool_blocks),
                             std::to_string(one) + " or more: a request of " + std::to_string(options.tokens) +
                                 " tokens takes that many blocks of " + std::to_string(layout.block_size()));
        }
        return *options.sender_pool_blocks;
    }
    const std::uint64_t all = one * concurrency;
    if (all > std::numeric_limits<std::uint32_t>::max()) {
        throw UsageError("--concurrency", std::to_string(options.concurrency),
                         "fewer, or --sender-pool-blocks: all requests in flight take " + std::to_string(all) +
                             " blocks of the sender's pool");
    }
    return static_cast<std::uint32_t>(all);
}

std::optional<std::uint64_t> guess_of(const Options& options, std::uint32_t rank) {
    const std::uint64_t pool_tokens = std::uint64_t{options.pool_blocks} * options.block_size;
    const auto given = options.allocate[options.allocate.size() == 1 ? 0 : rank];
    return given ? std::optional(std::min(*given, pool_tokens)) : given;
}

/// What the kernel could give us now; nothing where it does not say.
std::optional<std::uint64_t> available_memory() {
    std::ifstream file("/proc/meminfo");
    for (std::string name; file >> name;) {
        std::uint64_t kibibytes = 0;
        if (name == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return std::nullopt;
}

std::string gibibytes(std::uint64_t bytes) {
    const std::uint64_t tenths = bytes / ((1ULL << 30) / 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

std::optional<std::uint64_t> memory_needed(const Workload& work) {
    const auto payload = checked_mul(work.tokens, work.receiver_layout.payload_bytes(1));
    const bool sends = work.options.command != Command::language;
    const bool receives = work.options.command != Command::embed;
    std::optional<std::uint64_t> total = 0;
    const auto add = [&](std::uint64_t count, std::optional<std::uint64_t> bytes) {
        if (bytes) bytes = checked_mul(count, *bytes);
        total = total && bytes ? checked_add(*total, *bytes) : std::nullopt;
    };
    if (sends) add(work.sender_pool_blocks, work.sender_layout.block_bytes());
    if (sends && work.options.source == SourceKind::contiguous) add(work.concurrency, payload);
    const std::uint64_t receivers = work.options.command == Command::demo ? work.options.ranks : 1;
    if (receives) add(receivers * work.receiver_pool_blocks, work.receiver_layout.block_bytes());
    if (receives && !work.keep_blocks) add(receivers * work.concurrency, payload);
    return total;
}

void check_memory(const Workload& work) {
    const auto needed = memory_needed(work);
    const auto available = available_memory();
    if (needed && (!available || *needed <= *available)) return;
    throw UsageError("pools and requests in flight take " + (needed ? gibibytes(*needed) : "more than 2^64 bytes") +
                     "; permitted: what this machine has free" + (available ? ", " + gibibytes(*available) : "") +
                     ". Lower --tokens, --hidden, --deepstack, --concurrency, --pool-blocks or --sender-pool-blocks");
}

}  // namespace

Workload Workload::of_rank(std::uint32_t rank) const {
    Workload mine = *this;
    if (!options.trace.empty()) {
        mine.options.trace = half_trace_name(options.trace, Side::language, rank, options.ranks);
    }
    mine.options.allocate = {options.allocate[options.allocate.size() == 1 ? 0 : rank]};
    mine.expected_tokens = guess_of(options, rank);
    return mine;
}

std::unique_ptr<Payload> Workload::payload(RoomId room) const {
    return input ? make_folder_payload(input) : make_generated_payload(options.seed, room, tokens);
}

FabricOptions Workload::fabric(const std::string& device) const {
    FabricOptions fabric = options.fabric();
    fabric.device = device;
    return fabric;
}

std::unique_ptr<TensorMemory> Workload::tensor_memory() const {
    if (options.memory().kind == MemoryKind::host) return nullptr;
    return std::make_unique<TensorMemory>(options.memory());
}

Workload make_workload(const Options& given) {
    Options options = given;
    std::shared_ptr<const RequestFolder> input;
    if (!options.input.empty()) {
        input = std::make_shared<RequestFolder>(read_request(options.input));
        adopt_all(options, *input);
    }
    check_folders_differ(options);
    const std::uint32_t concurrency = std::min(options.concurrency, options.requests);
    const Layout sender = layout_of(options, options.sender_block_size.value_or(options.block_size));
    const Layout receiver = layout_of(options, options.block_size);
    Workload work{.options = options,
                  .input = input,
                  .sender_layout = sender,
                  .receiver_layout = receiver,
                  .tokens = options.tokens,
                  .requests = options.requests,
                  .concurrency = concurrency,
                  .sender_pool_blocks = sender_pool(options, sender, concurrency),
                  .receiver_pool_blocks = options.pool_blocks,
                  .expected_tokens = guess_of(options, 0),
                  .keep_blocks = options.keep_blocks};
    check_memory(work);
    if (!options.output.empty()) prepare_output(options.output);
    return work;
}

}  // namespace remit::tools
