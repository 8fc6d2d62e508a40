#include "sim/scale/request_sizes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace remit::sim {
namespace {

constexpr double kFactor = 28;  // 14 pixels a patch, 2 x 2 patches a token
constexpr double kTokenPixels = kFactor * kFactor;
constexpr double kMinPixels = 56 * 56;
constexpr double kMaxPixels = 1280 * kTokenPixels;
constexpr std::uint64_t kEnclosing = 2;  // vision start and vision end

constexpr double kFramesPerSecond = 2;
constexpr double kFramesOfToken = 2;
constexpr double kLeastFrames = 4;
constexpr double kMostFrames = 768;
constexpr double kMostFramePixels = 768 * kTokenPixels;
constexpr double kLeastFramePixels = 1.05 * 128 * kTokenPixels;
constexpr double kFilmPixels = 24576 * kTokenPixels;

/// To the nearest, ties to even.
double rounded(double value, double unit) {
    return std::nearbyint(value / unit) * unit;
}

std::uint64_t tokens_of(PictureSize size) {
    return static_cast<std::uint64_t>(size.height) * size.width / static_cast<std::uint64_t>(kTokenPixels);
}

PictureSize size_of(double height, double width) {
    return {static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width)};
}

}  // namespace

PictureSize smart_resize(PictureSize size, double max_pixels) {
    const double height = size.height;
    const double width = size.width;
    const double h = std::max(kFactor, rounded(height, kFactor));
    const double w = std::max(kFactor, rounded(width, kFactor));
    if (h * w > max_pixels) {
        const double beta = std::sqrt(height * width / max_pixels);
        return size_of(std::max(kFactor, std::floor(height / beta / kFactor) * kFactor),
                       std::max(kFactor, std::floor(width / beta / kFactor) * kFactor));
    }
    if (h * w < kMinPixels) {
        const double beta = std::sqrt(kMinPixels / (height * width));
        return size_of(std::ceil(height * beta / kFactor) * kFactor, std::ceil(width * beta / kFactor) * kFactor);
    }
    return size_of(h, w);
}

std::uint64_t picture_tokens(PictureSize size) {
    return tokens_of(smart_resize(size, kMaxPixels));
}

std::uint64_t film_tokens(PictureSize size, double seconds) {
    const double sampled = std::floor(seconds * kFramesPerSecond / kFramesOfToken) * kFramesOfToken;
    const double frames = std::clamp(sampled, kLeastFrames, kMostFrames);
    const double most = std::max(std::min(kMostFramePixels, kFilmPixels / frames * kFramesOfToken), kLeastFramePixels);
    return static_cast<std::uint64_t>(frames / kFramesOfToken) * tokens_of(smart_resize(size, most));
}

double RequestSizes::log_uniform(double low, double high) {
    const double unit = static_cast<double>(random_.next() >> 11) * 0x1p-53;
    return low * std::exp(unit * std::log(high / low));
}

std::uint64_t RequestSizes::picture() {
    static constexpr PictureSize kSizes[] = {
        {224, 224},  {480, 640},   {512, 512},   {1024, 768},  {1024, 1024},
        {720, 1280}, {1080, 1920}, {2532, 1170}, {3024, 4032}, {2339, 1654},
    };
    return picture_tokens(random_.pick(kSizes)) + kEnclosing;
}

std::uint64_t RequestSizes::film() {
    static constexpr PictureSize kSizes[] = {{360, 640}, {720, 1280}, {1080, 1920}};
    PictureSize size = random_.pick(kSizes);
    if (random_.below(3) == 0) std::swap(size.height, size.width);
    return film_tokens(size, log_uniform(3, 90)) + kEnclosing;
}

std::uint64_t RequestSizes::next() {
    const std::uint64_t kind = random_.below(100);
    auto tokens = static_cast<std::uint64_t>(log_uniform(16, 512));
    if (kind < 60) return tokens + picture();
    if (kind >= 85) return tokens + film();
    const std::uint64_t pictures = random_.between(2, 8);
    for (std::uint64_t i = 0; i < pictures; ++i) tokens += picture();
    return tokens;
}

}  // namespace remit::sim
