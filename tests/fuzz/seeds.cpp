// remit_fuzz_seeds FOLDER: what fuzzing begins with, legal messages of each kind and scripts in which all goes well.
// scripts/fuzz.sh --merge has reduced them, with what was found from them, to tests/fuzz/corpus.

#include "../protocol/message_samples.hpp"

#include "protocol/codec/fields.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace remit;
using Bytes = std::vector<std::uint8_t>;

void write(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string lines(const protocol::Frames& frames) {
    std::string out;
    for (const std::string& frame : frames) out += (out.empty() ? "" : "\n") + frame;
    return out;
}

void write_messages(const std::filesystem::path& folder) {
    protocol::MessageSamples samples(1);
    for (int kind = 0; kind < protocol::MessageSamples::kToEmbedding; ++kind) {
        write(folder / ("to-embedding-" + std::to_string(kind)), lines(encode(samples.to_embedding(kind))));
    }
    for (int kind = 0; kind < protocol::MessageSamples::kToLanguage; ++kind) {
        write(folder / ("to-language-" + std::to_string(kind)), lines(encode(samples.to_language(kind))));
    }
}

/// Offers that the target's worker takes: of each arrangement, with one registration and with one a segment.
void write_offers(const std::filesystem::path& folder) {
    for (const Arrangement arrangement : {Arrangement::segments, Arrangement::slab}) {
        for (const bool several : {false, true}) {
            const Layout::Shape shape{8, 16, DType::bf16, 0, arrangement};
            const Layout offered = Layout::multimodal(shape);
            protocol::Register message;
            message.id = {5, 1, 0, 0};
            message.layout = shape;
            message.pool = place_pool(offered, 4, 1 << 20);
            const std::size_t count = several ? message.pool.segments.size() : 1;
            message.pool.registrations.assign(count, {1 << 20, pool_bytes(offered, 4), 9});
            for (std::size_t s = 0; s < message.pool.segments.size(); ++s) {
                message.pool.segments[s].registration = static_cast<std::uint32_t>(several ? s : 0);
            }
            message.queue_pairs = {{.number = 17, .psn = 1, .mtu = 1024}};
            message.limits = {1 << 20};
            message.capabilities = {"fence", "yield"};
            write(folder / (std::string(to_string(arrangement)) + (several ? "-several" : "-one")),
                  protocol::codec::register_json(message) + "\n" + protocol::codec::pack_bases(message.pool));
        }
    }
}

/// Lines of world_script.cpp.
void write_scripts(const std::filesystem::path& folder) {
    const Bytes send{0, 1, 30, 0}, contiguous{0, 2, 60, 1}, receive{1, 1, 8, 0}, kept{1, 2, 12, 1}, pass{6, 40};
    const Bytes size_first{1, 2, 0, 0}, cancel{2, 0}, abort{3, 0}, release{4, 0}, reject{5, 1}, gap{7, 60};
    const Bytes lose{8, 0, 3}, hold{9, 1}, forge_again{13, 0, 0}, forge_number{13, 2, 1, 3, 1, 9}, refuse{11, 0, 3};
    const std::vector<std::pair<const char*, std::vector<Bytes>>> scripts{
        {"transfer", {send, receive, pass}},
        {"two-rooms", {receive, kept, send, contiguous, pass, release}},
        {"size-first", {size_first, contiguous, pass}},
        {"cancelled", {send, receive, {6, 2}, cancel, pass}},
        {"aborted", {send, receive, {6, 2}, abort, pass}},
        {"rejected", {receive, reject, pass}},
        {"silence", {send, receive, {6, 2}, gap, pass}},
        {"lost", {lose, send, receive, pass}},
        {"late", {hold, send, receive, pass, {10, 1}, hold, pass}},
        {"forged", {send, receive, {6, 3}, forge_again, forge_number, pass}},
        {"not-sent", {refuse, send, receive, pass}}};
    for (const auto& [name, script] : scripts) {
        std::string bytes(1, '\1');
        for (const Bytes& line : script) bytes.append(line.begin(), line.end());
        write(folder / name, bytes);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::filesystem::path folder = argv[1];
    write_messages(folder / "codec");
    write_offers(folder / "register");
    write_scripts(folder / "embedding");
    write_scripts(folder / "language");
    return 0;
}
