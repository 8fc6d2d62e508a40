#pragma once

#include <remit/remit.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

/// What the examples share: what is sent and how it is checked. Real programs have an encoder and a model here.
namespace example {

/// Both sides need the same, but for the block size.
inline remit::Layout layout() { return remit::Layout::multimodal({.block_size = 128, .hidden = 1024}); }

/// The tensors of one request, one a segment, each an array of bytes.
struct Tensors {
    explicit Tensors(std::uint64_t the_tokens) : tokens(the_tokens) {
        const remit::Layout shape = layout();
        for (const remit::Segment& segment : shape.segments()) {
            data.emplace_back(segment.once_per_request ? 0 : segment.block_bytes(tokens));
        }
    }

    /// Content that the receiver knows too, so that it can compare every byte.
    void fill(remit::RoomId room) {
        for (std::size_t s = 0; s < data.size(); ++s) {
            for (std::size_t i = 0; i < data[s].size(); ++i) data[s][i] = expected(room, s, i);
        }
    }
    [[nodiscard]] bool has_all_of(remit::RoomId room) const {
        for (std::size_t s = 0; s < data.size(); ++s) {
            for (std::size_t i = 0; i < data[s].size(); ++i) {
                if (data[s][i] != expected(room, s, i)) return false;
            }
        }
        return true;
    }
    /// Where a sink wants them, or a send finds them: null for aux, which is no tensor.
    template <class Pointer>
    [[nodiscard]] std::vector<Pointer> addresses() {
        std::vector<Pointer> all;
        for (auto& bytes : data) all.push_back(bytes.empty() ? nullptr : bytes.data());
        return all;
    }

    std::uint64_t tokens;
    std::vector<std::vector<std::uint8_t>> data;

private:
    static std::uint8_t expected(remit::RoomId room, std::size_t segment, std::size_t byte) {
        const std::uint64_t key = (room * 8 + segment) * 0x9e3779b97f4a7c15U + byte * 0xd6e8feb86659fd93U;
        return static_cast<std::uint8_t>((key ^ (key >> 29)) * 0xbf58476d1ce4e5b9U >> 56);
    }
};

/// Options as "fabric.device=mlx5_0 control.listen=tcp://10.0.0.5:7700" on a command line, from `first` on.
inline remit::Config config_of(int argc, char** argv, int first) {
    remit::ConfigLoader loader;
    for (int i = first; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const std::size_t equals = argument.find('=');
        if (equals == std::string_view::npos) {
            throw remit::Error(remit::ErrorKind::bad_argument, "an option is given as name=value, not as " + std::string(argument));
        }
        loader.set(argument.substr(0, equals), argument.substr(equals + 1), "command line");
    }
    loader.check();
    return loader.config();
}

/// Exit status 1 and the sentence for what is thrown.
template <class Body>
int run(const Body& body) {
    try {
        return body();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

}  // namespace example
