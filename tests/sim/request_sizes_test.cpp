// Lengths of requests: Qwen2-VL's rules, and a mix that is the same for everybody.

#include "sim/scale/request_sizes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace remit::sim {
namespace {

struct Picture {
    PictureSize size;
    PictureSize resized;
    std::uint64_t tokens;
};

// Width and height swapped from what scripts/make_sample.py's smart_resize() returns for the same pictures.
constexpr Picture kPictures[] = {
    {{224, 224}, {224, 224}, 64},      {{336, 336}, {336, 336}, 144},     {{480, 640}, {476, 644}, 391},
    {{512, 512}, {504, 504}, 324},     {{1024, 768}, {1036, 756}, 999},   {{1024, 1024}, {980, 980}, 1225},
    {{720, 1280}, {728, 1288}, 1196},  {{1080, 1920}, {728, 1316}, 1222}, {{2532, 1170}, {1456, 672}, 1248},
    {{2339, 1654}, {1176, 840}, 1260}, {{3024, 4032}, {840, 1148}, 1230}, {{2160, 3840}, {728, 1316}, 1222},
    {{28, 70}, {56, 112}, 8},          {{98, 42}, {112, 56}, 8},          {{400, 10}, {392, 28}, 14},
    {{60, 33}, {84, 56}, 6},           {{60, 5000}, {56, 5012}, 358},
};

TEST(RequestSizes, OfPicturesAreThoseOfTheSampleScript) {
    for (const Picture& picture : kPictures) {
        EXPECT_EQ(smart_resize(picture.size, 1280 * 784), picture.resized)
            << picture.size.width << "x" << picture.size.height;
        EXPECT_EQ(picture_tokens(picture.size), picture.tokens);
    }
}

TEST(RequestSizes, OfFilmsGrowWithTheirLengthUntilFramesShrink) {
    const PictureSize hd{720, 1280};
    EXPECT_EQ(film_tokens(hd, 0.1),
              2 * smart_resize(hd, 768 * 784).height / 28 * smart_resize(hd, 768 * 784).width / 28)
        << "at least four frames, two a token";
    EXPECT_EQ(film_tokens(hd, 10), 5 * film_tokens(hd, 2));
    for (const double seconds : {31.0, 60.0, 90.0}) {
        EXPECT_LE(film_tokens(hd, seconds), 24576u) << "all frames share the film's pixels";
        EXPECT_GE(film_tokens(hd, seconds), 20000u);
    }
    EXPECT_GT(film_tokens(hd, 384), 24576u) << "a frame keeps its least pixels";
    EXPECT_EQ(film_tokens(hd, 384), film_tokens(hd, 10000)) << "at most 768 frames";
}

TEST(RequestSizes, OfASeedAreAlwaysTheSame) {
    RequestSizes first(7);
    RequestSizes second(7);
    RequestSizes other(8);
    bool differs = false;
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t tokens = first.next();
        EXPECT_EQ(tokens, second.next());
        differs = differs || tokens != other.next();
    }
    EXPECT_TRUE(differs);
}

TEST(RequestSizes, AreMixedAsDocumented) {
    RequestSizes sizes(20240918);
    std::vector<std::uint64_t> lengths;
    for (int i = 0; i < 100'000; ++i) lengths.push_back(sizes.next());
    std::sort(lengths.begin(), lengths.end());
    EXPECT_GE(lengths.front(), 16u + 64 + 2);
    EXPECT_LE(lengths.back(), 512u + 2 + 24576);
    // One picture and its prompt are at most 1774 tokens: about three of five requests and the shortest of the others.
    const auto pictures = std::upper_bound(lengths.begin(), lengths.end(), 1774) - lengths.begin();
    EXPECT_GT(pictures, 60'000);
    EXPECT_LT(pictures, 72'000);
    EXPECT_GT(lengths[95'000], 8192u) << "films";
}

}  // namespace
}  // namespace remit::sim
