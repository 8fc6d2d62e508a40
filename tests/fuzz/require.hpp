#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace remit::fuzz {

/// What must hold whatever the input; the fuzzer keeps the input that shows otherwise.
inline void require(bool holds, const std::string& what) {
    if (holds) return;
    std::fprintf(stderr, "\nDOES NOT HOLD: %s\n", what.c_str());
    std::abort();
}

}  // namespace remit::fuzz
