// The stories of a C program, each a test of this process; and the program itself.

#include "scenarios.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::vector<scenario> all() {
    std::vector<scenario> list;
    for (const scenario* s = scenarios; s->name != nullptr; ++s) list.push_back(*s);
    return list;
}

class Scenario : public testing::TestWithParam<scenario> {};

TEST_P(Scenario, EveryByteArrives) { EXPECT_STREQ(GetParam().run(), ""); }

INSTANTIATE_TEST_SUITE_P(C, Scenario, testing::ValuesIn(all()), [](const auto& one) { return std::string(one.param.name); });

TEST(Program, RunsByItself) { EXPECT_EQ(std::system(REMIT_CAPI_PROGRAM), 0); }

}  // namespace
