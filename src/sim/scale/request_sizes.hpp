#pragma once

#include "sim/random.hpp"

#include <cstdint>

namespace remit::sim {

/// Height and width in pixels that a picture is given to the vision tower with.
struct PictureSize {
    std::uint32_t height = 0;
    std::uint32_t width = 0;
    bool operator==(const PictureSize&) const = default;
};

/// Qwen2-VL's smart resize, as in scripts/make_sample.py: sides to the nearest multiple of 28, area between 56 * 56 and
/// `max_pixels`.
[[nodiscard]] PictureSize smart_resize(PictureSize size, double max_pixels);

/// Tokens of one picture, 28 * 28 pixels each, at most 1280 of them; without the two that enclose it.
[[nodiscard]] std::uint64_t picture_tokens(PictureSize size);

/// Tokens of a film: two frames a second, an even number from 4 to 768, two frames a token. In pixels, a frame has at
/// most 768 * 28 * 28, and all of them together 24576 * 28 * 28, as long as a frame keeps 134 * 28 * 28.
[[nodiscard]] std::uint64_t film_tokens(PictureSize size, double seconds);

/// Lengths in tokens of the requests of a chat service that takes pictures and films, drawn from a seed:
///
/// | share | request | drawn |
/// |---|---|---|
/// | 60 % | one picture | its size from ten: thumbnails, photographs, screens, a page |
/// | 25 % | 2 to 8 pictures | each its own size |
/// | 15 % | one film | 640x360, 1280x720 or 1920x1080, upright in a third of the cases; 3 to 90 s, log-uniform |
///
/// and a prompt of 16 to 512 tokens, log-uniform. Each picture and film has two more tokens, which enclose it.
class RequestSizes {
public:
    explicit RequestSizes(std::uint64_t seed) : random_(seed) {}
    [[nodiscard]] std::uint64_t next();

private:
    [[nodiscard]] double log_uniform(double low, double high);
    [[nodiscard]] std::uint64_t picture();
    [[nodiscard]] std::uint64_t film();
    Random random_;
};

}  // namespace remit::sim
